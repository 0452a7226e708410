/** How many numbers are added at a time: two blocks fit the L1 cache. */
export const BLOCK = 4096;

/** WebAssembly, because JavaScript has no SIMD instructions: `for (p = 0; p < end; p += 16) total[p…] += addend[p…]`, four numbers at a time. */
const CODE = [
  // One local number: p.
  ...[1, 1, 0x7f],
  // loop: p (for the store), total[p], addend[p]; addend lies 16384 bytes further.
  ...[0x03, 0x40, 0x20, 1, 0x20, 1, 0xfd, 0x00, 4, 0, 0x20, 1, 0xfd, 0x00, 4, 0x80, 0x80, 1],
  // f32x4.add, v128.store
  ...[0xfd, 0xe4, 0x01, 0xfd, 0x0b, 4, 0],
  // p += 16, again if p < end
  ...[0x20, 1, 0x41, 16, 0x6a, 0x22, 1, 0x20, 0, 0x48, 0x0d, 0],
  // end of the loop, end of the function
  ...[0x0b, 0x0b],
];

const MODULE = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // A type of function: (i32) → nothing; one function of it; a memory of one page, 64 KiB.
  ...[1, 5, 1, 0x60, 1, 0x7f, 0],
  ...[3, 2, 1, 0],
  ...[5, 3, 1, 0, 1],
  // Exports: the memory as "m", the function as "f".
  ...[7, 9, 2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0],
  ...[10, CODE.length + 2, 1, CODE.length],
  ...CODE,
]);

/** What is used of it; TypeScript has its types only among those of browsers. */
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: { m: { buffer: ArrayBuffer }; f(end: number): void } };
};

/** Two blocks in WebAssembly's memory, and their sum. */
export interface SimdAdder {
  /** What is added to. */
  readonly total: Float32Array;
  /** What is added. */
  readonly addend: Float32Array;
  /** `total += addend`, for the first `bytes` bytes of them or a few more; each sum rounded to float32. */
  add(bytes: number): void;
}

let adder: SimdAdder | null | undefined;

/**
 * Made when it is first wanted; undefined where it cannot be: V8 reserves some 8 GB of addresses beside WebAssembly's memory, which a limit
 * (`ulimit -v`) may refuse.
 */
export function simdAdder(): SimdAdder | undefined {
  if (adder === undefined) adder = makeAdder();
  return adder ?? undefined;
}

function makeAdder(): SimdAdder | null {
  try {
    const { m, f } = new WebAssembly.Instance(new WebAssembly.Module(MODULE)).exports;
    return {
      total: new Float32Array(m.buffer, 0, BLOCK),
      addend: new Float32Array(m.buffer, 4 * BLOCK, BLOCK),
      add: f,
    };
  } catch {
    return null;
  }
}

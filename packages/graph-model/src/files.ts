import { sizeOf, toHalf, type WeightBlock } from "./weights.ts";

/** What `model.json` tells of a constant, in TensorFlow.js's form. */
export interface WeightSpec {
  name: string;
  shape: number[];
  dtype: "float32" | "int32";
  quantization?: { dtype: "float16"; original_dtype: "float32" };
}

/** A file, written piece by piece. */
export interface GraphModelFile {
  /** Without a folder. */
  readonly name: string;
  /** Its bytes; may be gone through again. A piece is to be written or copied before the next one is asked for. */
  readonly chunks: Iterable<Uint8Array>;
}

/** Weights as one row of bytes, as long as they are together, read block by block. */
export class WeightBytes {
  readonly byteLength: number;
  readonly specs: readonly WeightSpec[];
  readonly #blocks: readonly WeightBlock[];
  readonly #half: boolean;
  /** Where each block begins, and at the end all end. */
  readonly #starts: readonly number[];
  /** The block read last: a large one fills several files. */
  #last: { index: number; bytes: Uint8Array } | undefined;

  constructor(blocks: readonly WeightBlock[], half: boolean) {
    this.#blocks = blocks;
    this.#half = half;
    this.specs = blocks.flatMap((block) =>
      block.constants.map(({ name, shape }) => ({
        name,
        shape: [...shape],
        dtype: block.dtype,
        ...(this.#isHalf(block) && { quantization: { dtype: "float16", original_dtype: "float32" } as const }),
      })),
    );
    const starts = [0];
    for (const block of blocks) {
      const count = block.constants.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
      starts.push(starts.at(-1)! + count * (this.#isHalf(block) ? 2 : 4));
    }
    this.#starts = starts;
    this.byteLength = starts.at(-1)!;
  }

  /** The bytes from one position to before another. */
  *range(begin: number, end: number): Generator<Uint8Array> {
    for (let i = 0; i < this.#blocks.length; i++) {
      const [first, after] = [this.#starts[i]!, this.#starts[i + 1]!];
      if (after <= begin || first >= end) continue;
      yield this.#bytesOf(i).subarray(Math.max(begin - first, 0), Math.min(end, after) - first);
      // The last piece of a block is the last that is asked of it.
      if (after <= end) this.#last = undefined;
    }
  }

  #isHalf(block: WeightBlock): boolean {
    return this.#half && block.isCompressible;
  }

  #bytesOf(index: number): Uint8Array {
    if (this.#last?.index !== index) {
      const block = this.#blocks[index]!;
      const values = block.read();
      const stored = this.#isHalf(block) ? toHalf(values as Float32Array, block.constants[0]!.name) : values;
      this.#last = { index, bytes: new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength) };
    }
    return this.#last.bytes;
  }
}

import { BLOCK, type SimdAdder, simdAdder } from "./simd-add.ts";

/** Up to this length plain loops are as quick as copying to WebAssembly's memory for SIMD. */
const SHORT = 128;

/**
 * Sums `sources` element by element into `into`: ((s0 + s1) + s2) + …, each sum rounded to float32.
 *
 * @param into - may be shorter than the sources; if it is one of them, then one of the first four.
 * @param sources - at least one.
 */
export function sumInOrder(into: Float32Array, sources: readonly Float32Array[]): void {
  const adder = into.length > SHORT ? simdAdder() : undefined;
  if (adder) sumBlocks(into, sources, adder);
  else sumPlain(into, sources);
}

function sumBlocks(into: Float32Array, sources: readonly Float32Array[], { total, addend, add }: SimdAdder): void {
  for (let at = 0; at < into.length; at += BLOCK) {
    const end = Math.min(at + BLOCK, into.length);
    total.set(sources[0]!.subarray(at, end));
    for (let i = 1; i < sources.length; i++) {
      addend.set(sources[i]!.subarray(at, end));
      add(4 * (end - at));
    }
    into.set(end - at === BLOCK ? total : total.subarray(0, end - at), at);
  }
}

function sumPlain(into: Float32Array, sources: readonly Float32Array[]): void {
  const [first, second, third, fourth] = sources;
  let done = Math.min(4, sources.length);
  if (fourth) addFour(into, first!, second!, third!, fourth);
  else if (third) addThree(into, first!, second!, third);
  else if (second) addTwo(into, first!, second);
  else into.set(first!.subarray(0, into.length));
  for (; done + 1 < sources.length; done += 2) addThree(into, into, sources[done]!, sources[done + 1]!);
  if (done < sources.length) addTwo(into, into, sources[done]!);
}

// Each loop reads several sources, so that `into` is written once for all of them.

function addTwo(into: Float32Array, a: Float32Array, b: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = a[i]! + b[i]!;
}

function addThree(into: Float32Array, a: Float32Array, b: Float32Array, c: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = Math.fround(a[i]! + b[i]!) + c[i]!;
}

function addFour(into: Float32Array, a: Float32Array, b: Float32Array, c: Float32Array, d: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = Math.fround(Math.fround(a[i]! + b[i]!) + c[i]!) + d[i]!;
}

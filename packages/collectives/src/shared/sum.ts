/**
 * Sums `sources` element by element into `into`: ((s0 + s1) + s2) + …, each sum rounded to float32.
 *
 * @param into - none of them; may be shorter than they are.
 * @param sources - at least one.
 */
export function sumInOrder(into: Float32Array, sources: readonly Float32Array[]): void {
  const [first, second, third, fourth] = sources;
  let done = sources.length;
  if (fourth) {
    addFour(into, first!, second!, third!, fourth);
    done = 4;
  } else if (third) addThree(into, first!, second!, third);
  else if (second) addTwo(into, first!, second);
  else into.set(first!.subarray(0, into.length));
  while (sources.length - done >= 2) {
    addThree(into, into, sources[done]!, sources[done + 1]!);
    done += 2;
  }
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

/** Numbers of very different size, so that a sum in another order shows; the same everywhere. */
export function numbersOf(rank: number, length: number): Float32Array {
  const numbers = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const mixed = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(rank + 1, 0x85ebca6b);
    const scrambled = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
    numbers[i] = (scrambled / 2 ** 31) * 10 ** (((scrambled >>> 5) % 7) - 3);
  }
  return numbers;
}

/** Bytes of all values, among them those of floats that are not numbers; the same everywhere. */
export function bytesOf(rank: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) =>
    i % 8 < 4 ? 0xff - ((i >>> 3) % 3) : Math.imul(i + rank, 0x9e3779b1) >>> 24,
  );
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The largest finite float16. */
export const FLOAT16_MAX = 65504;

/** Whether finite numbers would become infinite as float16. */
export const exceedsFloat16 = (values: Float32Array | Float64Array): boolean =>
  values.some((value) => Math.abs(value) > FLOAT16_MAX && Number.isFinite(value));

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

let halves: Float32Array | undefined;

/** Decodes float16 (IEEE 754 half-precision) bit patterns. */
export function decodeFloat16(source: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, half) => halfToNumber(half));
  const table = halves;
  const target = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) target[i] = table[source[i]!]!;
  return target;
}

/** Decodes bfloat16 bit patterns: the upper 16 bits of float32s. */
export function decodeBfloat16(source: Uint16Array): Float32Array {
  const target = new Uint32Array(source.length);
  for (let i = 0; i < source.length; i++) target[i] = source[i]! << 16;
  return new Float32Array(target.buffer);
}

function numberToHalf(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Exponent bias 127 becomes 15; half of the 13 dropped bits, less one where the kept part is even, rounds ties to even.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Next to 0.5 a float32 steps by 2^-24, as subnormal halves do: the addition rounds.
  float[0] = Math.abs(float[0]) + 0.5;
  return sign | (bits[0]! - 0x3f000000);
}

/** IEEE 754 half-precision bit patterns, rounded to nearest, ties to even; beyond ±65504 they are infinite. */
export function encodeFloat16(source: ArrayLike<number>): Uint16Array {
  const target = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) target[i] = numberToHalf(source[i]!);
  return target;
}

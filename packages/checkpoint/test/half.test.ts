import { describe, expect, it } from "vitest";
import { decodeBfloat16, decodeFloat16, encodeFloat16 } from "../src/half.ts";
import { dice } from "./support/mutate.ts";

// All finite halves from 0 up, by the definition in IEEE 754: sign, 5 bits of exponent, 10 of fraction.
const positive = Array.from({ length: 31 * 1024 }, (_, bits) => {
  const exponent = Math.floor(bits / 1024);
  const fraction = (bits % 1024) / 1024;
  return exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
});

/** The half nearest to `value`, found among all of them; of two equally near ones the even. */
function nearestHalf(value: number): number {
  let low = 0;
  let high = positive.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (positive[middle]! <= value) low = middle;
    else high = middle;
  }
  const below = value - positive[low]!;
  const above = positive[high]! - value;
  return below < above || (below === above && low % 2 === 0) ? low : high;
}

describe("half precision", () => {
  it("decodes every finite float16 as IEEE 754 defines it", () => {
    const decoded = decodeFloat16(Uint16Array.from(positive, (_, bits) => bits));
    expect(decoded.every((value, bits) => value === positive[bits])).toBe(true);
    const negative = decodeFloat16(Uint16Array.from(positive, (_, bits) => bits | 0x8000));
    expect(negative.every((value, bits) => Object.is(value, -positive[bits]!))).toBe(true);
  });

  it("keeps infinities and not-a-number", () => {
    const special = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    expect([...decodeFloat16(encodeFloat16(special))]).toEqual(special);
  });

  it("encodes every float16 to its own bits", () => {
    const bits = encodeFloat16(positive);
    expect(bits.every((half, i) => half === i)).toBe(true);
  });

  it("rounds float32s to the nearest float16, ties to even, as a search through all of them does", () => {
    const roll = dice(1);
    const values = Float32Array.from({ length: 20000 }, (_, i) => {
      const half = roll(positive.length - 1);
      const [low, high] = [positive[half]!, positive[half + 1]!];
      return i % 3 === 0 ? (low + high) / 2 : low + (high - low) * (roll(1e6) / 1e6);
    });
    const encoded = encodeFloat16(values);
    const wrong = [...values].filter((value, i) => encoded[i] !== nearestHalf(value));
    expect(wrong).toEqual([]);
    expect([...encodeFloat16([-values[1]!, 2 ** -25, 2 ** -25 * 1.0001, 1e-30, 65519, 65520, 1e30])]).toEqual([
      nearestHalf(values[1]!) | 0x8000,
      0,
      1,
      0,
      0x7bff,
      0x7c00,
      0x7c00,
    ]);
  });

  it("decodes bfloat16 as the upper half of a float32", () => {
    expect([...decodeBfloat16(Uint16Array.of(0x3f80, 0xc040, 0x7f80, 0x0001))]).toEqual([
      1,
      -3,
      Number.POSITIVE_INFINITY,
      2 ** -133,
    ]);
  });
});

import { expect, it, vi } from "vitest";
import { sumInOrder } from "../src/sum.ts";
import { numbersOf } from "./ranks/numbers.ts";

/** One number at a time, rounded after each addition. */
function slowSum(sources: readonly Float32Array[], length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) =>
    sources.map((source) => source[i]!).reduce((a, b) => Math.fround(a + b)),
  );
}

const bits = (numbers: Float32Array) =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("hex");

it.each([1, 2, 3, 4, 5, 6, 9])("adds %i vectors in their order, of any length", (count) => {
  for (const length of [0, 1, 5, 127, 128, 129, 131, 4095, 4096, 4097, 9001]) {
    const sources = Array.from({ length: count }, (_, i) => numbersOf(i, length));
    const sum = new Float32Array(length);
    sumInOrder(sum, sources);
    expect(bits(sum)).toBe(bits(slowSum(sources, length)));
  }
});

it.each([0, 1, 3])("may write to its source %i", (target) => {
  for (const length of [100, 9001]) {
    const sources = Array.from({ length: 6 }, (_, i) => numbersOf(i, length));
    const expected = bits(slowSum(sources, length));
    sumInOrder(sources[target]!, sources);
    expect(bits(sources[target]!)).toBe(expected);
  }
});

it("takes only the beginning of longer sources", () => {
  for (const length of [3, 5000]) {
    const sources = [numbersOf(0, 6000), numbersOf(1, 6000)];
    const sum = new Float32Array(length);
    sumInOrder(sum, sources);
    expect(bits(sum)).toBe(bits(slowSum(sources, length)));
  }
});

it("treats infinities, zeros and the smallest numbers as IEEE 754 does", () => {
  const odd = [Infinity, -0, 1e-45, 3.4e38, -Infinity, 1e-40];
  const other = [1, -0, 1e-45, 3.4e38, 1, -1e-40];
  for (const times of [1, 100]) {
    const sources = [odd, other].map((numbers) => Float32Array.from(Array(times).fill(numbers).flat()));
    const sum = new Float32Array(6 * times);
    sumInOrder(sum, sources);
    expect(bits(sum)).toBe(bits(slowSum(sources, sum.length)));
  }
});

it("adds the same where WebAssembly has no room for its memory, as under a limit on addresses", async () => {
  const refuse = vi.fn(() => {
    throw new RangeError("WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance");
  });
  vi.stubGlobal("WebAssembly", { Module: class {}, Instance: refuse });
  try {
    vi.resetModules();
    const { sumInOrder: plainly } = await import("../src/sum.ts");
    const sources = [0, 1, 2, 3, 4].map((i) => numbersOf(i, 9001));
    for (let i = 0; i < 2; i++) {
      const sum = new Float32Array(9001);
      plainly(sum, sources);
      expect(bits(sum)).toBe(bits(slowSum(sources, 9001)));
    }
    expect(refuse).toHaveBeenCalledOnce();
  } finally {
    vi.unstubAllGlobals();
  }
});

import { expect } from "vitest";

/** How the reference stores a tensor: its NCHW shape and the values at some flat NCHW positions. */
export interface SampledTensor {
  shape: number[];
  mean: number;
  std: number;
  absmax: number;
  index: number[];
  value: number[];
}

/** The flat position in an NHWC buffer of flat NCHW position `index`; tensors of other ranks keep their order. */
export function nchwIndexToNhwc(index: number, shape: readonly number[]): number {
  if (shape.length !== 4) return index;
  const [, channels, height, width] = shape as [number, number, number, number];
  const w = index % width;
  const h = Math.floor(index / width) % height;
  const c = Math.floor(index / (width * height)) % channels;
  const n = Math.floor(index / (width * height * channels));
  return ((n * height + h) * width + w) * channels + c;
}

/** Expects NHWC `values` to be the sampled tensor within `tolerance` × its largest absolute value, mean and spread included. */
export function expectSampled(values: ArrayLike<number>, expected: SampledTensor, tolerance: number): void {
  const count = expected.shape.reduce((a, b) => a * b, 1);
  expect(values.length).toBe(count);
  const scale = expected.absmax || 1;
  let worst = 0;
  expected.index.forEach((index, k) => {
    const error = Math.abs(values[nchwIndexToNhwc(index, expected.shape)]! - expected.value[k]!) / scale;
    if (!(error <= worst)) worst = error;
  });
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  const mean = sum / count;
  expect(worst, "largest error at the sampled positions, relative to absmax").toBeLessThanOrEqual(tolerance);
  expect(Math.abs(mean - expected.mean) / scale, "error of the mean").toBeLessThanOrEqual(tolerance);
  // The reference's spread may be the sample's or the population's; both are within 1/count.
  const std = Math.sqrt(Math.max(0, squares / count - mean ** 2));
  expect(Math.abs(std - expected.std) / scale, "error of the spread").toBeLessThanOrEqual(tolerance + 1 / count);
}

import { type SampledTensor, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect } from "vitest";
import type { EpsMode } from "../src/index.ts";

/** One entry of the reference's `sync-bn.json`. */
export interface ReferenceCase {
  name: string;
  channels: number;
  replica_shapes_nchw: number[][];
  x_scale: number[];
  x_offset: number[];
  momentum: number;
  eps: number;
  eps_mode: EpsMode;
  mean: number[];
  unbiased_var: number[];
  running_mean: number[];
  running_var: number[];
  grad_weight: number[];
  grad_bias: number[];
  output: SampledTensor[];
  grad_input: SampledTensor[];
}

/** Numbers that depend on the key alone, by the reference's formula; four dimensions are NCHW, and become NHWC. */
export function madeUp(key: string, shape: number[], map: (u: number) => number = (u) => u - 0.5): tf.Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  const tensor = tf.tensor(Float32Array.from(uniform(key, count, map)), shape);
  return shape.length === 4 ? tensor.transpose([0, 2, 3, 1]) : tensor;
}

/** The inputs of one replica of a case. */
export function inputsOf(c: ReferenceCase, rank: number) {
  const shape = c.replica_shapes_nchw[rank]!;
  return {
    x: madeUp(`sbn.${c.name}.x${rank}`, shape, (u) => (u - 0.5) * 4 * c.x_scale[rank]! + c.x_offset[rank]!),
    dy: madeUp(`sbn.${c.name}.g${rank}`, shape, (u) => (u - 0.5) * 2),
    gamma: madeUp(`sbn.${c.name}.weight`, [c.channels], (u) => 0.5 + u),
    beta: madeUp(`sbn.${c.name}.bias`, [c.channels], (u) => u - 0.5),
  };
}

/** Expects the same numbers, to within `tolerance` × the largest of those expected. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  what?: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!) / scale, what).toBeLessThanOrEqual(tolerance);
  }
}

/** {@link expectClose} of a tensor's values. */
export const close = (actual: tf.Tensor, expected: ArrayLike<number>, tolerance?: number) =>
  expectClose(actual.dataSync(), expected, tolerance);

/** {@link close}, also on an engine that cannot be read at once. */
export const closeTo = async (actual: tf.Tensor, expected: ArrayLike<number>, tolerance?: number) =>
  expectClose(await actual.data(), expected, tolerance);

/** A tensor's values, as ordinary numbers. */
export const numbers = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

/** Sums of the same numbers over replicas. */
export const total = (parts: number[][]) => parts[0]!.map((_, i) => parts.reduce((sum, part) => sum + part[i]!, 0));

import type * as tf from "@tensorflow/tfjs";

/** All axes but the channels. */
export const overPixels = (x: tf.Tensor) => Array.from({ length: x.rank - 1 }, (_, axis) => axis);

/** How many values each channel has. */
export const valuesOf = (x: tf.Tensor) => x.size / x.shape[x.rank - 1]!;

/** Mean, distances from it, and biased variance of each channel. */
export function moments(x: tf.Tensor) {
  const mean = x.mean(overPixels(x));
  const centred = x.sub(mean);
  return { mean, centred, variance: centred.square().mean(overPixels(x)) };
}

/** The unbiased variance. */
export function unbiased(variance: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const count = valuesOf(x);
  return variance.mul(count / Math.max(count - 1, 1));
}

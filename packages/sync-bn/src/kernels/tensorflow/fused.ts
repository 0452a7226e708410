import { FLOAT, float } from "@seg/layers/custom";
import type * as tf from "@tensorflow/tfjs";

/** Attributes of TensorFlow's fused batch norm and of its gradient. */
export const fusedAttrs = (epsilon: number, isTraining = true) => ({
  U: FLOAT,
  epsilon: float(epsilon),
  data_format: "NHWC",
  is_training: isTraining,
});

/** Images as they are; any other channels-last tensor as [1, 1, pixels, channels], which is the same memory. */
export const asImages = (x: tf.Tensor) => (x.rank === 4 ? x : x.reshape([1, 1, -1, x.shape[x.rank - 1]!]));

/** In the shape that it had before; frees the other handle on its memory. */
export function asBefore(y: tf.Tensor, shape: number[]): tf.Tensor {
  if (shape.length === 4) return y;
  const same = y.reshape(shape);
  y.dispose();
  return same;
}

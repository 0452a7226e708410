import type * as tf from "@tensorflow/tfjs";

/**
 * Which pixels a loss counts.
 *
 * @param labels - int32; what is none of the classes is ignored.
 * @returns `valid`: 1 where a pixel has a class, else 0, float32; `known`: the classes, 0 where ignored, for ops that take no other number.
 */
export function labelled(labels: tf.Tensor, classes: number): { valid: tf.Tensor; known: tf.Tensor } {
  const isClass = labels.greaterEqual(0).logicalAnd(labels.less(classes));
  return { valid: isClass.toFloat(), known: labels.mul(isClass.toInt()) };
}

/** Each pixel's share in a weighted mean: its weight over the sum of all, or 0 where that is 0. */
export function shares(weights: tf.Tensor): tf.Tensor {
  const sum = weights.sum();
  return weights.div(sum.add(sum.equal(0).toFloat()));
}

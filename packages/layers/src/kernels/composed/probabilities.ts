import * as tf from "@tensorflow/tfjs";
import { labelled } from "../labelled.ts";

/** What losses of probabilities begin with; pixels in one row each. */
export interface Probabilities {
  /** `[pixels, classes]`: the softmax of the scores. */
  p: tf.Tensor2D;
  /** `[pixels, classes]`: 1 for a pixel's own class, 0 for others and where ignored. */
  truth: tf.Tensor2D;
  /** `[pixels, 1]`: 1 where a pixel has a class, else 0. */
  valid: tf.Tensor2D;
}

/** The probabilities of scores `[..., classes]` beside the truth. */
export function probabilities(scores: tf.Tensor, labels: tf.Tensor): Probabilities {
  const classes = scores.shape[scores.rank - 1]!;
  const { valid, known } = labelled(labels.flatten(), classes);
  const column = valid.expandDims<tf.Tensor2D>(1);
  const truth = tf.oneHot(known as tf.Tensor1D, classes).mul<tf.Tensor2D>(column);
  return { p: tf.softmax(scores.reshape<tf.Tensor2D>([-1, classes])), truth, valid: column };
}

/** The gradient by the scores of what has the gradient `dp` by their softmax `p`. */
export const softmaxGrad = (p: tf.Tensor2D, dp: tf.Tensor): tf.Tensor => p.mul(dp.sub(p.mul(dp).sum(1, true)));

/** `[classes]`: shares of the mean over the classes that occur, given the pixels of each; zeros if none does. */
export function presentShares(pixels: tf.Tensor): tf.Tensor1D {
  const present = pixels.greater(0).toFloat();
  return present.div(present.sum().maximum(1));
}

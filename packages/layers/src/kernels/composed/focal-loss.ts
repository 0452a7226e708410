import * as tf from "@tensorflow/tfjs";
import { labelled, shares } from "../labelled.ts";
import { FocalLoss } from "../names.ts";
import { composedKernel } from "./kernel.ts";

/** −(1 − p)^γ log p of each pixel's own class, the weighted mean, and its gradient. */
function focalLoss(scores: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor | undefined, gamma: number): tf.Tensor[] {
  const classes = scores.shape[scores.rank - 1]!;
  const { valid, known } = labelled(labels, classes);
  const share = shares(weights ? valid.mul(weights) : valid);
  const logProbabilities = tf.logSoftmax(scores);
  const p = logProbabilities.exp();
  const truth = tf.oneHot(known as tf.Tensor1D, classes).toFloat();
  const logOwn = logProbabilities.mul(truth).sum(-1);
  // The sum of the others: where p is almost 1, 1 − p has lost its digits.
  const rest = p.mul(tf.sub(1, truth)).sum(-1);
  const factor = rest.pow(gamma);
  // By log p: γ (1 − p)^(γ−1) p log p − (1 − p)^γ, written so that nothing is infinite at p = 1.
  const slope = factor.mul(logOwn.exp().mul(logOwn).mul(gamma).div(rest.maximum(1e-12)).sub(1)).mul(share);
  return [tf.sub(0, factor.mul(logOwn).mul(share).sum()), truth.sub(p).mul(slope.expandDims(-1))];
}

export const focalLossConfig = composedKernel(FocalLoss, ({ scores, labels, weights }, { gamma }) =>
  focalLoss(scores!, labels!, weights, gamma as number),
);

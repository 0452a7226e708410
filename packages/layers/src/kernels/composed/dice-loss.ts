import * as tf from "@tensorflow/tfjs";
import { DiceLoss } from "../names.ts";
import { composedKernel } from "./kernel.ts";
import { presentShares, probabilities, softmaxGrad } from "./probabilities.ts";

/** 1 − 2 Σ p·truth / (Σ p + Σ truth), the mean over classes that occur, and its gradient. */
function diceLoss(scores: tf.Tensor, labels: tf.Tensor): tf.Tensor[] {
  const { p, truth, valid } = probabilities(scores, labels);
  const pixels = truth.sum(0);
  const share = presentShares(pixels);
  // Classes that do not occur have a share of 0, and must not divide 0 by 0.
  const total = p.mul(valid).sum(0).add(pixels.maximum(1));
  const dice = p.mul(truth).sum(0).mul(2).div(total);
  const dp = dice.sub(truth.mul(2)).mul(share.div(total)).mul(valid);
  return [tf.sub(1, dice).mul(share).sum(), softmaxGrad(p, dp).reshape(scores.shape)];
}

export const diceLossConfig = composedKernel(DiceLoss, ({ scores, labels }) => diceLoss(scores!, labels!));

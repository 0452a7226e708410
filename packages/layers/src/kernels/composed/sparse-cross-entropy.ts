import * as tf from "@tensorflow/tfjs";
import { labelled, shares } from "../labelled.ts";
import { SparseCrossEntropy } from "../names.ts";
import { composedKernel } from "./kernel.ts";

/** The mean loss over labelled pixels, weighted if there are weights, and its gradient. */
function sparseCrossEntropy(scores: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor | undefined): tf.Tensor[] {
  const classes = scores.shape[scores.rank - 1]!;
  const { valid, known } = labelled(labels, classes);
  const weight = shares(weights ? valid.mul(weights) : valid);
  const logProbabilities = tf.logSoftmax(scores);
  const oneHot = tf.oneHot(known as tf.Tensor1D, classes).toFloat();
  const loss = tf.sub(0, logProbabilities.mul(oneHot).sum(-1).mul(weight).sum());
  return [loss, logProbabilities.exp().sub(oneHot).mul(weight.expandDims(-1))];
}

export const sparseCrossEntropyConfig = composedKernel(SparseCrossEntropy, ({ scores, labels, weights }) =>
  sparseCrossEntropy(scores!, labels!, weights),
);

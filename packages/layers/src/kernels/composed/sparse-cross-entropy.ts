import * as tf from "@tensorflow/tfjs";
import { SparseCrossEntropy } from "../names.ts";
import { composedKernel } from "./kernel.ts";

/** The mean loss over labelled pixels, and its gradient. */
function sparseCrossEntropy(scores: tf.Tensor, labels: tf.Tensor): tf.Tensor[] {
  const classes = scores.shape[scores.rank - 1]!;
  const isClass = labels.greaterEqual(0).logicalAnd(labels.less(classes));
  const valid = isClass.toFloat();
  const weight = valid.div(valid.sum().maximum(1));
  const logProbabilities = tf.logSoftmax(scores);
  const oneHot = tf.oneHot(labels.mul(isClass.toInt()), classes).toFloat();
  const loss = tf.sub(0, logProbabilities.mul(oneHot).sum(-1).mul(weight).sum());
  return [loss, logProbabilities.exp().sub(oneHot).mul(weight.expandDims(-1))];
}

export const sparseCrossEntropyConfig = composedKernel(SparseCrossEntropy, ({ scores, labels }) =>
  sparseCrossEntropy(scores!, labels!),
);

import * as tf from "@tensorflow/tfjs";
import { labelled } from "../labelled.ts";
import { type OhemAttrs, OhemCrossEntropy, SparseCrossEntropy } from "../names.ts";
import { composedKernel } from "./kernel.ts";

/** 1 for the pixels that are predicted worst, 0 for the others and where ignored; of the labels' shape. */
function hardPixels(scores: tf.Tensor, labels: tf.Tensor, { threshold, minKept }: OhemAttrs): tf.Tensor {
  const classes = scores.shape[scores.rank - 1]!;
  const { valid, known } = labelled(labels, classes);
  const own = tf
    .softmax(scores)
    .mul(tf.oneHot(known as tf.Tensor1D, classes).toFloat())
    .sum(-1);
  // The hardest first; ignored pixels come after all others.
  const hardness = tf
    .sub(0, own)
    .mul(valid)
    .sub(tf.sub(2, valid.mul(2)));
  const most = Math.min(minKept, labels.size - 1);
  const { values } = tf.topk(hardness.flatten(), most + 1);
  const at = valid.sum().sub(1).clipByValue(0, most).toInt();
  const limit = tf.sub(0, tf.gather(values, at.reshape<tf.Tensor1D>([1]))).maximum(threshold);
  return own.less(limit).toFloat().mul(valid);
}

/** Cross entropy over the hard pixels alone, on every engine by that engine's own. */
export const ohemCrossEntropyConfig = composedKernel(OhemCrossEntropy, ({ scores, labels, weights }, attrs) => {
  const hard = hardPixels(scores!, labels!, attrs as OhemAttrs);
  const kept = weights ? hard.mul(weights) : hard;
  return tf.engine().runKernel(SparseCrossEntropy, { scores: scores!, labels: labels!, weights: kept }) as tf.Tensor[];
});

import * as tf from "@tensorflow/tfjs";
import { LovaszSoftmax } from "../names.ts";
import { composedKernel } from "./kernel.ts";
import { presentShares, probabilities, softmaxGrad } from "./probabilities.ts";

/** The Lovász extension of each class's Jaccard loss at the pixels' errors, the mean over classes that occur, and its gradient. */
function lovaszSoftmax(scores: tf.Tensor, labels: tf.Tensor): tf.Tensor[] {
  const { p, truth, valid } = probabilities(scores, labels);
  const [pixels, classes] = p.shape;
  const errors = truth.sub(p).abs().mul(valid);
  // A row for each class, its pixels in the order of their errors; ignored ones come last, where they change nothing.
  const { indices } = tf.topk(errors.add(valid).sub(1).transpose(), pixels);
  // Where they are in the matrix of all classes:
  const at = indices.add(tf.range(0, classes, 1, "int32").mul(tf.scalar(pixels, "int32")).expandDims(1)).flatten();
  const isOwn = tf.gather(truth.transpose().flatten(), at as tf.Tensor1D).reshape<tf.Tensor2D>([classes, pixels]);
  const steps = tf.scatterND(at.expandDims(1), jaccardSteps(isOwn).flatten(), [classes * pixels]);
  const weight = steps
    .reshape([classes, pixels])
    .transpose()
    .mul(valid)
    .mul(presentShares(truth.sum(0)));
  // An error is 1 − p of a pixel's own class, p of another.
  const dp = weight.mul(tf.sub(1, truth.mul(2)));
  return [errors.mul(weight).sum(), softmaxGrad(p, dp).reshape(scores.shape)];
}

/**
 * By how much the Jaccard loss 1 − |truth ∩ prediction| / |truth ∪ prediction| grows as one pixel after the other is wrong. The paper's algorithm 1
 * subtracts consecutive losses, which differ in their last digits alone where pixels are many; here the difference is worked out: a pixel of the
 * class takes 1 from the intersection, another adds 1 to the union.
 *
 * @param isOwn - `[classes, pixels]`: 1 for pixels of the class.
 */
function jaccardSteps(isOwn: tf.Tensor2D): tf.Tensor2D {
  const size = isOwn.sum(1, true);
  const before = tf.cumsum(isOwn, 1);
  const union = size.add(tf.range(1, isOwn.shape[1] + 1)).sub(before);
  const intersection = size.sub(before);
  return isOwn.div(union).add(
    tf
      .sub(1, isOwn)
      .mul(intersection)
      .div(union.mul(union.sub(1)).maximum(1)),
  );
}

export const lovaszSoftmaxConfig = composedKernel(LovaszSoftmax, ({ scores, labels }) =>
  lovaszSoftmax(scores!, labels!),
);

import type * as tf from "@tensorflow/tfjs";
import { SparseCrossEntropy } from "../names.ts";
import { executeAll, INT, nativeKernel } from "./native.ts";

/** The mean loss over labelled pixels, and its gradient, by TensorFlow's fused op. */
export const sparseCrossEntropyConfig = nativeKernel(SparseCrossEntropy, (backend, { scores, labels }) => {
  const classes = scores!.shape[scores!.rank - 1]!;
  const isClass = labels!.greaterEqual(0).logicalAnd(labels!.less(classes)).flatten();
  const valid = isClass.toFloat();
  const weight = valid.div(valid.sum().maximum(1));
  // The op takes no label outside the classes; ignored pixels get a weight of 0 instead.
  const known = labels!.flatten().mul(isClass.toInt());
  const [losses, gradient] = executeAll(
    backend,
    "SparseSoftmaxCrossEntropyWithLogits",
    { Tlabels: INT },
    [scores!.reshape([-1, classes]), known],
    2,
  ) as [tf.Tensor, tf.Tensor];
  return [losses.mul(weight).sum(), gradient.mul(weight.expandDims(1)).reshape(scores!.shape)];
});

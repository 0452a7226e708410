import type * as tf from "@tensorflow/tfjs";
import { labelled, shares } from "../labelled.ts";
import { SparseCrossEntropy } from "../names.ts";
import { executeAll, INT, nativeKernel } from "./native.ts";

/** The mean loss over labelled pixels, weighted if there are weights, and its gradient, by TensorFlow's fused op. */
export const sparseCrossEntropyConfig = nativeKernel(SparseCrossEntropy, (backend, { scores, labels, weights }) => {
  const classes = scores!.shape[scores!.rank - 1]!;
  // The op takes no label outside the classes; ignored pixels get a weight of 0 instead.
  const { valid, known } = labelled(labels!.flatten(), classes);
  const weight = shares(weights ? valid.mul(weights.flatten()) : valid);
  const [losses, gradient] = executeAll(
    backend,
    "SparseSoftmaxCrossEntropyWithLogits",
    { Tlabels: INT },
    [scores!.reshape([-1, classes]), known],
    2,
  ) as [tf.Tensor, tf.Tensor];
  return [losses.mul(weight).sum(), gradient.mul(weight.expandDims(1)).reshape(scores!.shape)];
});

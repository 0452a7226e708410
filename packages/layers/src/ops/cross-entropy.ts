import type * as tf from "@tensorflow/tfjs";
import { refuseUnknown } from "../errors.ts";
import { SparseCrossEntropy } from "../kernels/names.ts";
import { runLoss } from "./loss.ts";

/** Options of the losses that are means over pixels. */
export interface PixelLossOptions {
  /** One number of at least 0 for each class: the weight of its pixels in the mean. Default: all 1. */
  classWeights?: readonly number[] | undefined;
}

/**
 * Negative log-likelihood of the labelled class under a softmax over the last axis, averaged over the labelled pixels:
 * PyTorch's `nll_loss(log_softmax(scores), labels, weight, ignore_index=-1)`, with its gradient from the same pass. With class weights the mean is
 * divided by the sum of the pixels' weights.
 *
 * @param scores - Logits, `[..., classes]`, float32.
 * @param labels - `[...]`, int32, class indices; what is no class, such as −1 or 255, is ignored (PyTorch has one number for it, and throws at others).
 * @returns A scalar; 0, with no gradient, where every label is ignored or weighs nothing (PyTorch gives NaN). The caller disposes it.
 * @throws {LayersError} `shape` if the shapes do not fit, `option` for class weights that are not one number of at least 0 for each class.
 *
 * @example
 * ```ts
 * import { sparseCrossEntropy } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // Two equal scores: the loss is ln 2. The second pixel has no class.
 * const scores = tf.zeros([2, 2]);
 * const labels = tf.tensor1d([0, 255], "int32");
 * console.log(sparseCrossEntropy(scores, labels).dataSync()[0]?.toFixed(4)); // 0.6931
 * ```
 */
export function sparseCrossEntropy(scores: tf.Tensor, labels: tf.Tensor, options: PixelLossOptions = {}): tf.Scalar {
  refuseUnknown(options, ["classWeights"], "an option of sparseCrossEntropy");
  return runLoss(SparseCrossEntropy, scores, labels, { classWeights: options.classWeights });
}

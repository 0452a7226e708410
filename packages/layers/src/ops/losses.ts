import type * as tf from "@tensorflow/tfjs";
import { badOption, refuseUnknown } from "../errors.ts";
import { DiceLoss, FocalLoss, LovaszSoftmax, OhemCrossEntropy } from "../kernels/names.ts";
import type { PixelLossOptions } from "./cross-entropy.ts";
import { runLoss } from "./loss.ts";

/** Options of {@link ohemCrossEntropy}. */
export interface OhemOptions extends PixelLossOptions {
  /** Pixels whose own class is less probable than this are kept, in (0, 1]; default 0.7. */
  threshold?: number | undefined;
  /** So many of the least probable pixels are kept at least, of all photos together; default 100000. */
  minKept?: number | undefined;
}

/**
 * Online hard example mining: cross entropy over the pixels alone that are predicted worst, those whose own class is less probable than `threshold`,
 * or than the pixel after the `minKept` least probable ones if that is higher (of fewer pixels than that, the most probable one is left out).
 *
 * @param scores - Logits, `[..., classes]`, float32.
 * @param labels - `[...]`, int32; what is no class is ignored.
 * @returns A scalar, the mean over the kept pixels, weighted if there are class weights; 0 where none is kept. The caller disposes it.
 * @throws {LayersError} `shape`, `option`
 * @see Shrivastava et al., Training Region-based Object Detectors with Online Hard Example Mining, CVPR 2016; the rule for pixels is HRNet's
 *   `OhemCrossEntropy` and mmsegmentation's `OHEMPixelSampler`.
 *
 * @example
 * ```ts
 * import { ohemCrossEntropy } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // The first pixel is sure and left out; the second one's classes are equally probable: ln 2.
 * const scores = tf.tensor2d([[50, 0], [0, 0]]);
 * const loss = ohemCrossEntropy(scores, tf.tensor1d([0, 0], "int32"), { minKept: 1 });
 * console.log(loss.dataSync()[0]?.toFixed(4)); // 0.6931
 * ```
 */
export function ohemCrossEntropy(scores: tf.Tensor, labels: tf.Tensor, options: OhemOptions = {}): tf.Scalar {
  refuseUnknown(options, ["classWeights", "threshold", "minKept"], "an option of ohemCrossEntropy");
  const { classWeights, threshold = 0.7, minKept = 100_000 } = options;
  if (!(threshold > 0 && threshold <= 1)) {
    throw badOption("threshold", threshold, { expected: "threshold above 0 and up to 1", received: String(threshold) });
  }
  if (!(Number.isInteger(minKept) && minKept >= 0)) {
    throw badOption("minKept", minKept, { expected: "minKept of at least 0 pixels", received: String(minKept) });
  }
  return runLoss(OhemCrossEntropy, scores, labels, { classWeights, threshold, minKept: Math.max(minKept, 1) });
}

/** Options of {@link focalLoss}. */
export interface FocalOptions extends PixelLossOptions {
  /** How much less well predicted pixels count, at least 0; 0 is cross entropy, default 2. */
  gamma?: number | undefined;
}

/**
 * The focal loss −(1 − p)^γ log p of each pixel's own class under a softmax, the mean over labelled pixels; class weights are the paper's α, and the mean is
 * divided by the sum of the pixels' weights, as in {@link sparseCrossEntropy}.
 *
 * @param scores - Logits, `[..., classes]`, float32.
 * @param labels - `[...]`, int32; what is no class is ignored.
 * @returns A scalar; 0 where every label is ignored. The caller disposes it.
 * @throws {LayersError} `shape`, `option`
 * @see Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, section 3.2.
 *
 * @example
 * ```ts
 * import { focalLoss } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // A probability of 1/2: (1 - 1/2)² ln 2.
 * const loss = focalLoss(tf.zeros([1, 2]), tf.tensor1d([0], "int32"), { gamma: 2 });
 * console.log(loss.dataSync()[0]?.toFixed(4)); // 0.1733
 * ```
 */
export function focalLoss(scores: tf.Tensor, labels: tf.Tensor, options: FocalOptions = {}): tf.Scalar {
  refuseUnknown(options, ["classWeights", "gamma"], "an option of focalLoss");
  const { classWeights, gamma = 2 } = options;
  if (!(gamma >= 0 && Number.isFinite(gamma))) {
    throw badOption("gamma", gamma, { expected: "gamma of at least 0", received: String(gamma) });
  }
  return runLoss(FocalLoss, scores, labels, { classWeights, gamma });
}

/**
 * The soft Dice loss 1 − 2 Σ p·t / (Σ p + Σ t) of each class, p its probability and t whether a pixel has it, over the labelled pixels of all photos
 * together; the mean over the classes that occur among them.
 *
 * @param scores - Logits, `[..., classes]`, float32.
 * @param labels - `[...]`, int32; what is no class is ignored.
 * @returns A scalar in [0, 1]; 0 where every label is ignored. The caller disposes it.
 * @throws {LayersError} `shape`
 * @see Drozdzal et al., The Importance of Skip Connections in Biomedical Image Segmentation, 2016; Milletari et al., V-Net, 3DV 2016, squares the sums' terms.
 *
 * @example
 * ```ts
 * import { diceLoss } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const labels = tf.tensor1d([0, 1], "int32");
 * const sure = tf.tensor2d([[50, 0], [0, 50]]);
 * console.log(diceLoss(sure, labels).dataSync()[0]?.toFixed(3)); // 0.000
 * ```
 */
export function diceLoss(scores: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return runLoss(DiceLoss, scores, labels);
}

/**
 * The Lovász-Softmax loss, which stands for 1 − mean IoU: the Lovász extension of each class's Jaccard loss at the pixels' errors, over the labelled
 * pixels of all photos together; the mean over the classes that occur among them.
 *
 * @param scores - Logits, `[..., classes]`, float32.
 * @param labels - `[...]`, int32; what is no class is ignored.
 * @returns A scalar in [0, 1]; 0 where every label is ignored. The caller disposes it.
 * @throws {LayersError} `shape`
 * @see Berman et al., The Lovász-Softmax loss, CVPR 2018, section 3.
 *
 * @example
 * ```ts
 * import { lovaszSoftmax } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const labels = tf.tensor1d([0, 1], "int32");
 * const sure = tf.tensor2d([[50, 0], [0, 50]]);
 * console.log(lovaszSoftmax(sure, labels).dataSync()[0]?.toFixed(3)); // 0.000
 * ```
 */
export function lovaszSoftmax(scores: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return runLoss(LovaszSoftmax, scores, labels);
}

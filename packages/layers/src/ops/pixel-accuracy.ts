import * as tf from "@tensorflow/tfjs";
import { checkLabels } from "./loss.ts";

/**
 * Share of labelled pixels whose highest score is their label's, in [0, 1].
 *
 * @param scores - `[..., classes]`.
 * @param labels - `[...]`, int32; what is no class is ignored.
 * @returns A scalar, 0 where every label is ignored; the caller disposes it.
 * @throws {LayersError} `shape` if the shapes do not fit.
 *
 * @example
 * ```ts
 * import { pixelAccuracy } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // Right, wrong, and without a label.
 * const scores = tf.tensor2d([[5, 0], [0, 5], [0, 5]]);
 * console.log(pixelAccuracy(scores, tf.tensor1d([0, 0, -1], "int32")).dataSync()[0]); // 0.5
 * ```
 */
export function pixelAccuracy(scores: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  checkLabels(scores, labels);
  return tf.tidy(() => {
    const right = tf.argMax(scores, scores.rank - 1).equal(labels);
    const classes = scores.shape[scores.rank - 1]!;
    const valid = labels.greaterEqual(0).logicalAnd(labels.less(classes)).toFloat().sum();
    // The original's guard against images without a label.
    return right.toFloat().sum().div(valid.add(1e-10)) as tf.Scalar;
  });
}

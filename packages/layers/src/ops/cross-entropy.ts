import * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";
import { SparseCrossEntropy } from "../kernels/names.ts";

/**
 * Negative log-likelihood of the labelled class under a softmax over the last axis, averaged over the labelled pixels:
 * PyTorch's `nll_loss(log_softmax(scores), labels, ignore_index=-1)`, with its gradient from the same pass.
 *
 * @param scores - Logits, `[..., classes]`, float32.
 * @param labels - `[...]`, int32, class indices; what is no class, such as −1 or 255, is ignored (PyTorch has one number for it, and throws at others).
 * @returns A scalar; 0, with no gradient, where every label is ignored (PyTorch gives NaN). The caller disposes it.
 * @throws {LayersError} if the shapes do not fit.
 */
export function sparseCrossEntropy(scores: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  checkLabels(scores, labels);
  const [loss, gradient] = tf.engine().runKernel(SparseCrossEntropy, { scores, labels }) as tf.Tensor[];
  gradient!.dispose();
  return loss as tf.Scalar;
}

function checkLabels(scores: tf.Tensor, labels: tf.Tensor): void {
  const expected = scores.shape.slice(0, -1);
  if (labels.shape.length !== expected.length || labels.shape.some((n, i) => n !== expected[i])) {
    throw new LayersError(
      "shape",
      { expected: `labels [${expected}] for scores [${scores.shape}]`, received: `[${labels.shape}]` },
      { data: { expected, received: labels.shape } },
    );
  }
}

/**
 * Share of labelled pixels whose highest score is their label's, in [0, 1].
 *
 * @param scores - `[..., classes]`.
 * @param labels - `[...]`, int32; what is no class is ignored.
 * @returns A scalar, 0 where every label is ignored; the caller disposes it.
 * @throws {LayersError} `shape` if the shapes do not fit.
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

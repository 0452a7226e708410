import * as tf from "@tensorflow/tfjs";
import { badOption, LayersError } from "../errors.ts";
import { labelled } from "../kernels/labelled.ts";

/** Runs a loss's kernel. */
export function runLoss(
  kernel: string,
  scores: tf.Tensor,
  labels: tf.Tensor,
  { classWeights, ...attrs }: { classWeights?: readonly number[] | undefined; [attr: string]: unknown } = {},
): tf.Scalar {
  checkLabels(scores, labels);
  if (classWeights) checkClassWeights(classWeights, scores.shape.at(-1)!);
  return tf.tidy(() => {
    const weights = classWeights && pixelWeights(labels, classWeights);
    const inputs = { scores, labels, ...(weights && { weights }) };
    const [loss] = tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap) as tf.Tensor[];
    return loss as tf.Scalar;
  });
}

/** @throws {LayersError} `shape` unless there is one label for each pixel of the scores. */
export function checkLabels(scores: tf.Tensor, labels: tf.Tensor): void {
  const expected = scores.shape.slice(0, -1);
  if (labels.shape.length !== expected.length || labels.shape.some((n, i) => n !== expected[i])) {
    throw new LayersError(
      "shape",
      { expected: `labels [${expected}] for scores [${scores.shape}]`, received: `[${labels.shape}]` },
      { data: { expected, received: labels.shape } },
    );
  }
}

function checkClassWeights(weights: readonly number[], classes: number): void {
  if (weights.length !== classes) {
    const received = String(weights.length);
    throw badOption("classWeights", weights.length, { expected: `${classes} classWeights, one a class,`, received });
  }
  const wrong = weights.find((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (wrong !== undefined) {
    throw badOption("classWeights", wrong, { expected: "classWeights of at least 0", received: String(wrong) });
  }
}

/** Each pixel's class's weight; of an ignored pixel any, as its own is 0. */
function pixelWeights(labels: tf.Tensor, classWeights: readonly number[]): tf.Tensor {
  const { known } = labelled(labels, classWeights.length);
  return tf.gather(tf.tensor1d([...classWeights], "float32"), known as tf.Tensor1D);
}

import * as tf from "@tensorflow/tfjs";
import { type BatchNormTrainOptions, batchNormTrain } from "../src/index.ts";
import type { Part, Problem } from "./oracle.ts";
import { numbers } from "./values.ts";

/** Output, statistics and gradients of one replica's pass, as numbers. */
export type Pass = ReturnType<typeof pass>;

/** One replica's pass forward and backward. */
export function pass(inputs: Record<"x" | "dy" | "gamma" | "beta", tf.Tensor>, options: BatchNormTrainOptions) {
  const { x, dy, gamma, beta } = inputs;
  let parts: tf.Tensor[] = [];
  const loss = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, residual?: tf.Tensor) => {
    const { y, mean, variance } = batchNormTrain(x, gamma, beta, { ...options, ...(residual && { residual }) });
    parts = [y, mean, variance].map((tensor) => tf.keep(tensor));
    return y.mul(dy).sum().asScalar();
  };
  try {
    const values = [x, gamma, beta, ...(options.residual ? [options.residual] : [])];
    const gradients = tf.grads(loss)(values).map(numbers);
    const [y, mean, variance] = parts.map(numbers) as [number[], number[], number[]];
    const [dx, dGamma, dBeta, dResidual] = gradients as [number[], number[], number[], number[]?];
    return { y, mean, variance, dx, dGamma, dBeta, dResidual };
  } finally {
    tf.dispose(parts);
  }
}

/** {@link pass} with plain numbers, in `shape`. */
export function passOfPart(
  part: Part,
  { gamma, beta }: Pick<Problem, "gamma" | "beta">,
  shape: number[],
  options: BatchNormTrainOptions,
): Pass {
  return tf.tidy(() => {
    const [x, dy, residual] = [part.x, part.dy, part.residual].map((values) => tf.tensor(values, shape)) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    return pass({ x, dy, gamma: tf.tensor1d(gamma), beta: tf.tensor1d(beta) }, { ...options, residual }) as never;
  });
}

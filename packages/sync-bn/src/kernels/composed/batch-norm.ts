import { composedKernel } from "@seg/layers/custom";
import * as tf from "@tensorflow/tfjs";
import { BatchNorm, BatchNormActivation, type BatchNormAttrs } from "../names.ts";
import { addResidual } from "../residual.ts";
import { moments, unbiased } from "./moments.ts";

/** y, mean, unbiased variance, and what the gradient needs besides: mean, 1/σ, and 1 where σ follows the values, else 0. */
export function batchNorm(inputs: tf.NamedTensorMap, { epsilon, epsMode, activation }: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, beta, residual } = inputs as Record<"x" | "gamma" | "beta", tf.Tensor> & { residual?: tf.Tensor };
  const { mean, centred, variance } = moments(x);
  const inverse = tf.rsqrt(epsMode === "add" ? variance.add(epsilon) : variance.maximum(epsilon));
  const y = addResidual(centred.mul(inverse.mul(gamma)).add(beta), residual, activation);
  const varies = epsMode === "add" ? tf.scalar(1) : variance.greater(epsilon).toFloat();
  return [y, mean, unbiased(variance, x), mean.clone(), inverse, varies];
}

export const batchNormConfigs = [BatchNorm, BatchNormActivation].map((name) =>
  composedKernel(name, (inputs, attrs) => batchNorm(inputs, attrs as BatchNormAttrs)),
);

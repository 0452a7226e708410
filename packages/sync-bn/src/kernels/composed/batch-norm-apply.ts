import { composedKernel } from "@seg/layers/custom";
import * as tf from "@tensorflow/tfjs";
import { BatchNormApply, BatchNormApplyActivation, type BatchNormApplyAttrs } from "../names.ts";
import { addResidual } from "../residual.ts";

/** activation((x − mean)/σ · gamma + beta + residual) with 1/σ = 1/√(variance + ε). */
function apply(inputs: tf.NamedTensorMap, { epsilon, activation }: BatchNormApplyAttrs): tf.Tensor {
  const { x, gamma, beta, mean, variance, residual } = inputs as Record<string, tf.Tensor>;
  if (x!.size === 0) return x!.clone();
  const scale = tf.rsqrt(variance!.add(epsilon)).mul(gamma!);
  return addResidual(x!.sub(mean!).mul(scale).add(beta!), residual, activation);
}

export const batchNormApplyConfigs = [BatchNormApply, BatchNormApplyActivation].map((name) =>
  composedKernel(name, (inputs, attrs) => apply(inputs, attrs as BatchNormApplyAttrs)),
);

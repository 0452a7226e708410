import { composedKernel } from "@seg/layers/custom";
import * as tf from "@tensorflow/tfjs";
import { type BatchNormApplyAttrs, BatchNormSums } from "../names.ts";
import { residualGrad } from "../residual.ts";
import { overPixels } from "./moments.ts";

/** Of dy past the activation: itself times gamma/σ, its sum times the normalized x, its sum, and itself. */
export const batchNormSumsConfig = composedKernel(BatchNormSums, (inputs, attrs) => {
  const { x, gamma, mean, variance } = inputs;
  const { epsilon, activation } = attrs as BatchNormApplyAttrs;
  const dy = residualGrad(inputs, activation);
  const inverse = tf.rsqrt(variance!.add(epsilon));
  const dGamma = dy.mul(x!.sub(mean!)).sum(overPixels(dy)).mul(inverse);
  return [dy.mul(inverse.mul(gamma!)), dGamma, dy.sum(overPixels(dy)), dy];
});

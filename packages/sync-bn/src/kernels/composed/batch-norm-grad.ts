import { composedKernel } from "@seg/layers/custom";
import type * as tf from "@tensorflow/tfjs";
import { type BatchNormAttrs, BatchNormGrad } from "../names.ts";
import { residualGrad } from "../residual.ts";
import { overPixels, valuesOf } from "./moments.ts";

/** Gradients of x, γ, β and the residual (dy itself, past the activation). */
export function batchNormGrad(inputs: tf.NamedTensorMap, { activation }: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, saved1: mean, saved2: inverse, saved3: varies } = inputs as Record<string, tf.Tensor>;
  const dy = residualGrad(inputs, activation);
  const normalized = x!.sub(mean!).mul(inverse!);
  const dBeta = dy.sum(overPixels(dy));
  const dGamma = dy.mul(normalized).sum(overPixels(dy));
  const count = valuesOf(x!);
  // Where eps replaces the variance, the variance has no gradient.
  const dx = dy
    .sub(dBeta.div(count))
    .sub(normalized.mul(dGamma.mul(varies!).div(count)))
    .mul(inverse!.mul(gamma!));
  return [dx, dGamma, dBeta, dy];
}

export const batchNormGradConfig = composedKernel(BatchNormGrad, (inputs, attrs) =>
  batchNormGrad(inputs, attrs as BatchNormAttrs),
);

import type { NamedAttrMap } from "@tensorflow/tfjs";

// Names under which TF.js finds the kernels and gradients of this package.
export const BatchNorm = "SegBatchNorm";
/** The same with an activation, whose gradient needs the output: a name of its own, because a name decides what is kept. */
export const BatchNormActivation = "SegBatchNormActivation";
export const BatchNormGrad = "SegBatchNormGrad";

/** Elementwise activations that can follow in the same pass. */
export type ActivationName = "relu" | "relu6";

/** How eps keeps the root away from zero: `add` 1/sqrt(var + eps), `max` 1/sqrt(max(var, eps)). */
export type EpsMode = "add" | "max";

export interface BatchNormAttrs extends NamedAttrMap {
  epsilon: number;
  epsMode: EpsMode;
  /** Empty for none. */
  activation: ActivationName | "";
}

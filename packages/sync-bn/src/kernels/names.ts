import type { Group } from "@seg/collectives/single";
import type { ActivationName } from "@seg/layers/custom";
import type { NamedAttrMap } from "@tensorflow/tfjs";

// Names under which TF.js finds the kernels and gradients of this package.
export const BatchNorm = "SegBatchNorm";
/** The same with an activation, whose gradient needs the output: a name of its own, because a name decides what is kept. */
export const BatchNormActivation = "SegBatchNormActivation";
export const BatchNormGrad = "SegBatchNormGrad";

// The same in parts, between which replicas exchange numbers.
export const BatchNormStatistics = "SegBatchNormStatistics";
export const BatchNormApply = "SegBatchNormApply";
/** Apart from {@link BatchNormApply} for the reason that {@link BatchNormActivation} is. */
export const BatchNormApplyActivation = "SegBatchNormApplyActivation";
export const BatchNormSums = "SegBatchNormSums";

/** How epsilon, which is there for numerical stability, is used: `add` 1/sqrt(var + epsilon), `max` 1/sqrt(max(var, epsilon)). */
export type EpsMode = "add" | "max";

/** Both. */
export const EPS_MODES: readonly EpsMode[] = ["add", "max"];

export interface BatchNormApplyAttrs extends NamedAttrMap {
  epsilon: number;
  /** Empty for none. */
  activation: ActivationName | "";
}

export interface BatchNormAttrs extends BatchNormApplyAttrs {
  epsMode: EpsMode;
}

/** Attributes of a normalization whose statistics span a group; the kernels read only those of {@link BatchNormApplyAttrs}. */
export interface AcrossAttrs {
  epsilon: number;
  activation: ActivationName | "";
  across: {
    group: Group;
    /** Values per channel over all replicas. */
    count: number;
    /** That of each channel over all replicas, to which epsilon is added; 0 where it does not depend on x (`epsMode: "max"`, below eps). */
    variance: Float64Array;
  };
}

import type { Group } from "@seg/collectives/single";
import type { ActivationName } from "@seg/layers/custom";
import type * as tf from "@tensorflow/tfjs";
import type { EpsMode } from "./kernels/names.ts";

/** Options of `batchNormTrain`. */
export interface BatchNormTrainOptions {
  /** Added to the variance for numerical stability. Default 1e-5. */
  epsilon?: number;
  /**
   * `add`: 1/sqrt(var + epsilon); `max`: 1/sqrt(max(var, epsilon)), as the original's synchronized batch norm.
   * Default `max` in a group of two or more, else `add`.
   */
  epsMode?: EpsMode | undefined;
  /** Added after normalization, before the activation; the shape of `x`. */
  residual?: tf.Tensor;
  /** `relu` or `relu6` in the same pass; the gradient follows from the output, so nothing more is kept. */
  activation?: ActivationName | undefined;
  /**
   * The replicas whose values count. All of them make the same calls in the same order, forward and backward, and each call waits for
   * the others; shapes may differ, a batch may be empty. Default: this one alone.
   */
  group?: Group | undefined;
}

/** What `batchNormTrain` returns; the caller disposes all three. */
export interface BatchNormTrainResult {
  /** The normalized tensor, of the shape of `x`. */
  y: tf.Tensor;
  /** Mean of each channel, over the group, `[channels]`. */
  mean: tf.Tensor1D;
  /** Unbiased variance of each channel, over the group, `[channels]`. */
  variance: tf.Tensor1D;
}

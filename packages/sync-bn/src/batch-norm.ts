import { type Group, single } from "@seg/collectives";
import * as tf from "@tensorflow/tfjs";
import { SyncBatchNormError, tooFewValues } from "./errors.ts";
import {
  type ActivationName,
  BatchNorm,
  BatchNormActivation,
  type BatchNormAttrs,
  type EpsMode,
} from "./kernel-names.ts";
import { batchNormAcross } from "./synchronized.ts";

/** Options of {@link batchNormTrain}. */
export interface BatchNormTrainOptions {
  /** Added to the variance for numerical stability, or its lower bound; see `epsMode`. Default 1e-5. */
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

/** What {@link batchNormTrain} returns; the caller disposes all three. */
export interface BatchNormTrainResult {
  /** The normalized tensor, of the shape of `x`. */
  y: tf.Tensor;
  /** Mean of each channel, over the group, `[channels]`. */
  mean: tf.Tensor1D;
  /** Unbiased variance of each channel, over the group, `[channels]`. */
  variance: tf.Tensor1D;
}

/**
 * Batch normalization with the batch's own statistics: y = activation((x − μ)/σ · γ + β + residual), differentiable in x, γ, β
 * and the residual. μ and the biased σ² run over all axes but the last, and over all replicas of the group; the gradients of γ and β
 * are this replica's share.
 *
 * @param x - `[..., channels]`, rank ≥ 2, float32.
 * @param gamma - `[channels]`.
 * @param beta - `[channels]`.
 * @throws {SyncBatchNormError} if the rank is below 2 or only one value per channel is there to take statistics of.
 * @throws {CollectiveError} if another replica ends or does not come.
 * @see Ioffe and Szegedy, Batch Normalization, ICML 2015.
 */
export function batchNormTrain(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  options: BatchNormTrainOptions = {},
): BatchNormTrainResult {
  const { group = single } = options;
  if (x.rank < 2)
    throw new SyncBatchNormError("shape", `Expected a tensor of rank 2 or more but received [${x.shape}].`);
  if (group.size > 1) return batchNormAcross(x, gamma, beta, group, options);
  const { epsilon = 1e-5, epsMode = "add", residual, activation = "" } = options;
  if (x.size <= x.shape[x.rank - 1]!) throw tooFewValues(x.shape, 1);
  const attrs: BatchNormAttrs = { epsilon, epsMode, activation };
  const inputs: tf.NamedTensorMap = residual ? { x, gamma, beta, residual } : { x, gamma, beta };
  const kernel = activation ? BatchNormActivation : BatchNorm;
  const [y, mean, variance, ...saved] = tf.engine().runKernel(kernel, inputs, attrs) as tf.Tensor[];
  tf.dispose(saved);
  return { y: y!, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

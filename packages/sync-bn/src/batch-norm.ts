import { single } from "@seg/collectives/single";
import { refuseUnknownOptions } from "@seg/errors";
import { ACTIVATIONS, oneOf } from "@seg/layers/custom";
import * as tf from "@tensorflow/tfjs";
import type { BatchNormTrainOptions, BatchNormTrainResult } from "./batch-norm-options.ts";
import { optionError, SyncBatchNormError, tooFewValues } from "./errors.ts";
import { BatchNorm, BatchNormActivation, type BatchNormAttrs, EPS_MODES } from "./kernels/names.ts";
import { batchNormAcross } from "./synchronized.ts";

/**
 * Batch normalization with the batch's own statistics: y = activation((x − μ)/σ · γ + β + residual), differentiable in x, γ, β
 * and the residual. μ and the biased σ² run over all axes but the last, and over all replicas of the group; the gradients of γ and β
 * are this replica's share.
 *
 * @param x - `[..., channels]`, rank ≥ 2, float32.
 * @param gamma - `[channels]`.
 * @param beta - `[channels]`.
 * @throws {SyncBatchNormError} `option`; `shape` if the rank is below 2 or only one value per channel is there to take statistics of.
 * @throws {CollectiveError} if another replica ends or does not come.
 * @see Ioffe and Szegedy, Batch Normalization, ICML 2015.
 *
 * @example
 * ```ts
 * import { batchNormTrain } from "@seg/sync-bn";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // Mean 1, biased variance 1: (x − 1)/1 · 3 + 1.
 * const x = tf.tensor2d([[0], [2]]);
 * const { y, mean, variance } = batchNormTrain(x, tf.tensor1d([3]), tf.tensor1d([1]));
 * console.log([...y.dataSync()].map((value) => value.toFixed(2)).join(" ")); // -2.00 4.00
 * console.log(mean.dataSync()[0], variance.dataSync()[0]); // 1 2
 * tf.dispose([x, y, mean, variance]);
 * ```
 */
export function batchNormTrain(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  options: BatchNormTrainOptions = {},
): BatchNormTrainResult {
  const known = ["epsilon", "epsMode", "residual", "activation", "group"];
  refuseUnknownOptions(options, known, "an option of batchNormTrain", optionError);
  const { group = single } = options;
  if (options.epsilon !== undefined && !(typeof options.epsilon === "number" && options.epsilon > 0)) {
    const line = { expected: "epsilon > 0", received: `${options.epsilon}` };
    throw new SyncBatchNormError("option", line, { data: { option: "epsilon", received: options.epsilon } });
  }
  if (options.epsMode !== undefined) oneOf("epsMode", options.epsMode, EPS_MODES, optionError);
  if (options.activation !== undefined) oneOf("activation", options.activation, ACTIVATIONS, optionError);
  if (x.rank < 2) {
    const line = { expected: "a tensor of rank 2 or more", received: `[${x.shape}]` };
    throw new SyncBatchNormError("shape", line, { data: { received: x.shape } });
  }
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

import type { Group } from "@seg/collectives/single";
import * as tf from "@tensorflow/tfjs";
import type { BatchNormTrainOptions, BatchNormTrainResult } from "./batch-norm-options.ts";
import { SyncBatchNormError, tooFewValues } from "./errors.ts";
import { type AcrossAttrs, BatchNormApply, BatchNormApplyActivation, BatchNormStatistics } from "./kernels/names.ts";
import { mergeStatistics, type Statistics } from "./statistics.ts";

/** `batchNormTrain` over a group of two or more: local statistics, one exchange, one pass that normalizes. */
export function batchNormAcross(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  group: Group,
  { epsilon = 1e-5, epsMode = "max", residual, activation }: BatchNormTrainOptions,
): BatchNormTrainResult {
  checkEngine();
  const { count, mean: means, centredSquares } = mergeStatistics(group, localStatistics(x));
  if (count < 2) throw tooFewValues(x.shape, group.size);
  const biased = centredSquares.map((squares) => squares / count);
  // The kernels add epsilon, which is taken off here where the larger of the two is wanted.
  const used = epsMode === "add" ? biased : biased.map((variance) => Math.max(variance, epsilon) - epsilon);
  const mean = tf.tensor1d(new Float32Array(means));
  const variance = tf.tensor1d(new Float32Array(used));
  const attrs: AcrossAttrs = { epsilon, activation: activation ?? "", across: { group, count, variance: used } };
  const inputs = { x, gamma, beta, mean, variance, ...(residual && { residual }) };
  const kernel = activation ? BatchNormApplyActivation : BatchNormApply;
  const y = tf.engine().runKernel(kernel, inputs, attrs as unknown as tf.NamedAttrMap) as tf.Tensor;
  variance.dispose();
  const unbiased = centredSquares.map((squares) => squares / (count - 1));
  return { y, mean, variance: tf.tensor1d(new Float32Array(unbiased)) };
}

/** TF.js reads WebGPU within a pass by drawing on a canvas, which Node has not. */
function checkEngine(): void {
  if (tf.getBackend() !== "webgpu" || "OffscreenCanvas" in globalThis) return;
  throw new SyncBatchNormError("engine", {
    expected: "an engine that can be read within a pass",
    but: "webgpu cannot be in Node",
    hint: "use another one, or no group",
  });
}

function localStatistics(x: tf.Tensor): Statistics {
  const channels = x.shape[x.rank - 1]!;
  if (x.size === 0) {
    return { count: 0, mean: new Float64Array(channels), centredSquares: new Float64Array(channels) };
  }
  const count = x.size / channels;
  return tf.tidy(() => {
    const [mean, variance] = tf.engine().runKernel(BatchNormStatistics, { x }) as [tf.Tensor, tf.Tensor];
    const centredSquares = new Float64Array(variance.dataSync()).map((value) => value * (count - 1));
    return { count, mean: new Float64Array(mean.dataSync()), centredSquares } as unknown as tf.TensorContainer;
  }) as unknown as Statistics;
}

import type { Group } from "@seg/collectives";
import { refuseUnknownOptions } from "@seg/errors";
import * as tf from "@tensorflow/tfjs";
import { DataParallelError } from "./errors.ts";

/** Options of {@link allReduceGradients}. */
export interface AllReduceOptions {
  /**
   * `mean`: Σ wᵣ·gᵣ / Σ wᵣ, with the weights below. `sum`: Σ gᵣ, for losses that were scaled by {@link lossShare} before. Default `mean`.
   */
  reduce?: "mean" | "sum";
  /**
   * This replica's weight in the mean. Left out by all, weights are equal, as in the original: the mean of the replicas' means. Else each
   * gives the number of its valid pixels, and the result is the gradient of the mean over all valid pixels of all replicas; a replica
   * without any may have NaN gradients. With synchronized batch norm use {@link lossShare} instead.
   */
  weight?: number;
}

/** @throws {DataParallelError} `option` for an option that there is not, or another way to reduce. */
export function checkReduce(options: AllReduceOptions, known: readonly string[], what: string): void {
  refuseUnknownOptions(options, known, what, (line, data) => new DataParallelError("option", line, { data }));
  const { reduce } = options;
  if (reduce === undefined || reduce === "mean" || reduce === "sum") return;
  const line = { expected: "reduce: mean or sum", received: String(reduce) };
  throw new DataParallelError("option", line, { data: { option: "reduce", received: reduce } });
}

/**
 * This replica's weight in the global loss: wᵣ / Σ w. Scale the replica's own mean loss by it, then sum the gradients: the right way
 * to weight replicas with synchronized batch norm, because there a replica's gradients depend on the losses of the others.
 *
 * | weight | the global loss |
 * |---|---|
 * | none | (1/R)·Σ Lᵣ, the original's: replicas are weighted equally |
 * | nᵣ, its valid pixels | Σ nᵣ·Lᵣ / Σ nᵣ: valid pixels are weighted equally |
 *
 * @param weight - Given by all replicas or by none; at least 0. With it this is a collective of one number.
 * @returns In [0, 1]; 0 for all replicas if all weights are 0.
 * @throws {DataParallelError} `option`
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { createThreadGroup, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 * import { lossShare } from "@seg/data-parallel";
 *
 * // This module runs in two threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 2 }) : workerData;
 * if (isMainThread) new Worker(new URL(import.meta.url), { workerData: handle });
 * const group = joinThreadGroup(handle, isMainThread ? 0 : 1);
 * const validPixels = group.rank === 0 ? 300 : 100;
 * console.log(lossShare(group, validPixels)); // 0.75
 * group.dispose();
 * ```
 */
export function lossShare(group: Group, weight?: number): number {
  if (weight === undefined) return 1 / group.size;
  if (!(weight >= 0 && Number.isFinite(weight)))
    throw new DataParallelError(
      "option",
      { expected: "weight to be a number of at least 0", received: String(weight) },
      { data: { option: "weight", received: weight } },
    );
  const total = Float32Array.of(weight);
  group.allReduce(total);
  return weight === 0 ? 0 : weight / total[0]!;
}

/**
 * All-reduces the gradients of all replicas in one flat bucket, by one collective; the results are bit-identical on all ranks.
 *
 * @param gradients - float32, of the same shapes in the same order on each replica; stay the caller's.
 * @returns As many, of the same shapes; the caller disposes them.
 * @throws {DataParallelError} `option` if a tensor is not float32, or the weight is no number of at least 0.
 * @throws {CollectiveError} when another rank fails.
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { createThreadGroup, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 * import { allReduceGradients } from "@seg/data-parallel";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // This module runs in two threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 2 }) : workerData;
 * if (isMainThread) new Worker(new URL(import.meta.url), { workerData: handle });
 * const group = joinThreadGroup(handle, isMainThread ? 0 : 1);
 * const [weight, gradient] = group.rank === 0 ? [1, tf.tensor1d([1, 2])] : [3, tf.tensor1d([5, 6])];
 * // (1·1 + 3·5)/4 and (1·2 + 3·6)/4
 * const [mean] = allReduceGradients([gradient], group, { weight });
 * console.log(mean?.dataSync().join(" ")); // 4 5
 * group.dispose();
 * ```
 */
export function allReduceGradients(
  gradients: readonly tf.Tensor[],
  group: Group,
  options: AllReduceOptions = {},
): tf.Tensor[] {
  checkReduce(options, ["reduce", "weight"], "an option of allReduceGradients");
  const { reduce = "mean", weight } = options;
  const share = reduce === "sum" ? 1 : lossShare(group, weight);
  if (group.size === 1 && share === 1) return gradients.map((gradient) => gradient.clone());
  return viaFlatBucket(gradients, share, (bucket) => group.allReduce(bucket));
}

/**
 * Broadcasts the variables of one replica, so that all begin a training with the same parameters.
 *
 * @param parameters - float32, of the same shapes in the same order on each replica; batch norm's moving statistics should be among them:
 *   `model.weights`.
 * @param root - The rank whose values are broadcast; default 0.
 * @throws {DataParallelError} `option` if a variable is not float32.
 * @throws {CollectiveError} when another rank fails.
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { createThreadGroup, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 * import { broadcastParameters } from "@seg/data-parallel";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // This module runs in two threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 2 }) : workerData;
 * if (isMainThread) new Worker(new URL(import.meta.url), { workerData: handle });
 * const group = joinThreadGroup(handle, isMainThread ? 1 : 0);
 * const weights = tf.variable(tf.tensor1d(group.rank === 0 ? [7, 8] : [0, 0]));
 * broadcastParameters([weights], group);
 * console.log(weights.dataSync().join(" ")); // 7 8
 * group.dispose();
 * ```
 */
export function broadcastParameters(
  parameters: readonly (tf.Variable | tf.LayerVariable)[],
  group: Group,
  root = 0,
): void {
  if (group.size === 1 || parameters.length === 0) return;
  const variables = parameters.map((variable) => ("read" in variable ? (variable.read() as tf.Variable) : variable));
  const values = viaFlatBucket(variables, 1, (bucket) => group.broadcast(bucket, root));
  variables.forEach((variable, i) => {
    variable.assign(values[i]!);
  });
  tf.dispose(values);
}

/** Applies a collective to tensors, times `scale`, in one flat bucket; few operations, as each costs as much as thousands of numbers. */
function viaFlatBucket(
  tensors: readonly tf.Tensor[],
  scale: number,
  collective: (bucket: Float32Array) => void,
): tf.Tensor[] {
  const wrong = tensors.find(({ dtype }) => dtype !== "float32");
  if (wrong)
    throw new DataParallelError(
      "option",
      { expected: "float32 tensors", received: `one of ${wrong.dtype}` },
      { data: { option: "tensors", received: wrong.dtype } },
    );
  const [first] = tensors;
  if (!first) return [];
  const flat = tf.tidy(() => {
    if (scale === 0) return tf.zeros([tensors.reduce((sum, { size }) => sum + size, 0)]);
    const joined = tensors.length === 1 ? first.flatten() : tf.concat1d(tensors.map((tensor) => tensor.flatten()));
    return scale === 1 ? joined : joined.mul(scale);
  });
  // A copy: the plain JavaScript engine's dataSync returns the tensor's own memory.
  const given = flat.dataSync() as Float32Array;
  const bucket = tf.getBackend() === "cpu" ? given.slice() : given;
  flat.dispose();
  collective(bucket);
  return tf.tidy(() => {
    const result = tf.tensor1d(bucket);
    const parts =
      tensors.length === 1
        ? [result]
        : tf.split(
            result,
            tensors.map(({ size }) => size),
          );
    return parts.map((part, i) => part.reshape(tensors[i]!.shape));
  });
}

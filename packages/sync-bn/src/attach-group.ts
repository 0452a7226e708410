import type { Group } from "@seg/collectives/single";
import type * as tf from "@tensorflow/tfjs";
import { BatchNormalization } from "./layer.ts";
import { everyLayer } from "./walk.ts";

/**
 * Lets all batch norms of this package in a model, nested models and wrappers included, share their training statistics over a group.
 * From then on every training pass, forward and backward, must run on all replicas in step: the same model, as many steps. Inference
 * needs no others.
 *
 * Weights are not made equal, nor are their gradients summed: `group.broadcast` and `group.allReduce` do that.
 *
 * @param group - One of size 1, or undefined, makes the layers work alone again.
 * @returns How many layers use the group.
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { createThreadGroup, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 * import { attachGroup, batchNormalization } from "@seg/sync-bn";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // This module runs in two threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 2 }) : workerData;
 * if (isMainThread) new Worker(new URL(import.meta.url), { workerData: handle });
 * const group = joinThreadGroup(handle, isMainThread ? 0 : 1);
 * const model = tf.sequential({ layers: [batchNormalization({ inputShape: [1] })] });
 * console.log(attachGroup(model, group)); // 1
 * // Of the values 0 here and 2 there the mean is 1 and the variance 1.
 * const y = model.apply(tf.tensor2d([[2 * group.rank]]), { training: true }) as tf.Tensor;
 * console.log(y.dataSync()[0]); // -1
 * group.dispose();
 * ```
 */
export function attachGroup(model: tf.LayersModel, group: Group | undefined): number {
  const norms = [...everyLayer(model)].filter((layer) => layer instanceof BatchNormalization);
  for (const norm of norms) norm.group = group;
  return norms.length;
}

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
 */
export function attachGroup(model: tf.LayersModel, group: Group | undefined): number {
  const norms = [...everyLayer(model)].filter((layer) => layer instanceof BatchNormalization);
  for (const norm of norms) norm.group = group;
  return norms.length;
}

import type * as tf from "@tensorflow/tfjs";
import { SyncBatchNormError } from "./errors.ts";
import { BatchNormalization, type BatchNormalizationLayerArgs } from "./layer.ts";
import { everyLayer, inside } from "./walk.ts";

/** What `tf.layers.batchNormalization` has, which TF.js does not declare. */
interface StockBatchNormalization extends tf.layers.Layer {
  axis: number;
  inputSpec: { ndim: number }[];
}

/** Its settings as far as they are taken over in another sense. */
interface StockConfig {
  momentum: number;
}

/** A layer as models write it down. */
interface WrittenLayer {
  className: string;
  config: Record<string, unknown>;
}

const STOCK = "BatchNormalization";

const isStock = (layer: tf.layers.Layer): layer is StockBatchNormalization => layer.getClassName() === STOCK;

/**
 * A copy of a model in which each of `tf.layers`' batch norms is a {@link BatchNormalization} of the same name, weights and settings
 * (its momentum becomes 1 − momentum, for that is PyTorch's sense). Layers that are not trained get their statistics frozen too, which
 * `tf.layers` does not do. The model and the copy share nothing; the copy is not compiled.
 *
 * @param model - Functional or sequential, with nested models, wrappers, shared layers, any number of inputs and outputs.
 * @throws {SyncBatchNormError} `model` for a batch norm over another axis than the last, a
 * layer that a nested model has too, or one whose class is not registered with `tf.serialization`.
 *
 * @example
 * ```ts
 * import { BatchNormalization, convertSyncBatchNorm } from "@seg/sync-bn";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const stock = tf.layers.batchNormalization({ inputShape: [4], momentum: 0.99, name: "norm" });
 * const norm = convertSyncBatchNorm(tf.sequential({ layers: [stock] })).getLayer("norm");
 * if (!(norm instanceof BatchNormalization)) throw new Error("It was not exchanged.");
 * console.log(norm.momentum); // 0.01
 * ```
 */
export function convertSyncBatchNorm<Model extends tf.LayersModel>(model: Model): Model {
  for (const layer of everyLayer(model)) if (isStock(layer)) check(layer);
  const copy = rebuild(model);
  if (everyLayer(copy).size !== everyLayer(model).size) {
    throw refusal(model, "a model written down whole", "a layer that a model nested in it has too");
  }
  copyState(model, copy, model.trainable);
  return copy;
}

function check(layer: StockBatchNormalization): void {
  const last = layer.inputSpec[0]!.ndim - 1;
  if (layer.axis !== -1 && layer.axis !== last) {
    throw refusal(layer, `a batch norm over the last axis (${last})`, `axis ${layer.axis}`);
  }
}

function refusal(layer: tf.layers.Layer, expected: string, received: string): SyncBatchNormError {
  return new SyncBatchNormError(
    "model",
    { expected, but: `${layer.name} has ${received}` },
    { data: { layer: layer.name } },
  );
}

function rebuild<Model extends tf.LayersModel>(model: Model): Model {
  const config = translate(model.getConfig()) as tf.serialization.ConfigDict;
  const type = model.constructor as tf.serialization.SerializableConstructor<Model>;
  try {
    return type.fromConfig!(type, config);
  } catch (error) {
    throw new SyncBatchNormError(
      "model",
      `Cannot build a copy of ${model.name}: ${(error as Error).message.split("\n")[0]}`,
      { cause: error, data: { layer: model.name } },
    );
  }
}

/** A copy of what a model writes down of itself, with the batch norms exchanged. */
function translate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(translate);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy = Object.fromEntries(Object.entries(value as object).map(([key, part]) => [key, translate(part)]));
  const { className, config } = copy as Partial<WrittenLayer>;
  if (className !== STOCK || !config) return copy;
  return { ...copy, className: BatchNormalization.className, config: ownConfig(config as unknown as StockConfig) };
}

function ownConfig({ momentum, ...config }: StockConfig): BatchNormalizationLayerArgs {
  // 1 − 0.99 is 0.010000000000000009.
  return { ...config, axis: -1, momentum: Number((1 - momentum).toPrecision(12)) };
}

/** Gives a copy the weights of its original, and what is trained of them. */
function copyState(from: tf.layers.Layer, to: tf.layers.Layer, isTrained: boolean): void {
  to.trainable = from.trainable;
  const parts = inside(from);
  for (const [i, part] of inside(to).entries()) copyState(parts[i]!, part, isTrained && parts[i]!.trainable);
  if (parts.length > 0) return;
  const values = from.getWeights();
  to.setWeights(values);
  for (const [i, variable] of to.weights.entries()) variable.trainable = from.weights[i]!.trainable;
  if (isStock(from)) (to as BatchNormalization).frozen = !isTrained;
}

import type * as tf from "@tensorflow/tfjs";
import { aboutFile } from "./errors.ts";
import { type LoadOptions, matchWeights } from "./load-weights.ts";
import { type CheckpointSource, nameOf, type ReadOptions, readCheckpoint } from "./read-checkpoint.ts";

/** The weights of a model's variables, in PyTorch's order of axes; undefined for a variable of another model. */
export type WeightReader = (variable: tf.LayerVariable) => Float32Array | undefined;

/**
 * Reads a checkpoint for a model without writing into it: for what takes the weights elsewhere, such as another runtime.
 *
 * @param model - Its layers are named by PyTorch's module paths. Its variables stay as they are.
 * @param source - The file, in any form and format that `readCheckpoint` takes.
 * @param options - Those of `loadWeightsInto`.
 * @returns What gives the values of a variable, which are not to be written to. It holds the file's tensors.
 * @throws {CheckpointError} as `loadWeightsInto` does.
 *
 * @example
 * ```ts
 * import { weightsFor, writeSafetensors } from "@seg/checkpoint";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const weight = { name: "linear.weight", dtype: "float32" as const, shape: [1, 2], data: new Float32Array([10, 1]) };
 * await writeSafetensors("linear.safetensors", [weight]);
 * const linear = tf.layers.dense({ name: "linear", inputShape: [2], units: 1, useBias: false });
 * const model = tf.sequential({ layers: [linear] });
 * const read = await weightsFor(model, "linear.safetensors");
 * for (const variable of model.weights) console.log(read(variable)?.join(" ")); // 10 1
 * ```
 */
export async function weightsFor(
  model: tf.LayersModel,
  source: CheckpointSource,
  options: ReadOptions & LoadOptions = {},
): Promise<WeightReader> {
  const { map, part, budget, signal, ...loading } = options;
  const state = await readCheckpoint(source, { map, part, budget, signal });
  try {
    const { pairs } = matchWeights(model, state, loading);
    const tensors = new Map(pairs.map(([{ variable }, tensor]) => [variable, tensor]));
    return (variable) => {
      const data = tensors.get(variable)?.data;
      if (data === undefined || data instanceof Float32Array) return data;
      return Float32Array.from(data as ArrayLike<number | bigint>, Number);
    };
  } catch (error) {
    throw aboutFile(error, nameOf(source));
  }
}

import type * as tf from "@tensorflow/tfjs";
import { refuseUnknown } from "./errors.ts";
import { parametersOf } from "./parameters.ts";
import type { NamedTensor } from "./tensor.ts";

/** Options of `stateDictOf`. */
export interface StateDictOptions {
  /** Adds PyTorch's counter of training steps, an int64 scalar of this value, to every batch norm. */
  numBatchesTracked?: number;
}

const OPTIONS = ["numBatchesTracked"] satisfies (keyof StateDictOptions)[];

/**
 * A model's state dict, with PyTorch's names and axis order: the inverse of `loadWeights`.
 *
 * @param model - Its layers are named by PyTorch's module paths. It is read, and must not be changed meanwhile.
 * @param options - See `StateDictOptions`.
 * @returns float32 copies, in the layers' order.
 * @throws {CheckpointError} `option` for an option that there is not.
 *
 * @example
 * ```ts
 * import { stateDictOf } from "@seg/checkpoint";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const conv = tf.layers.conv2d({ name: "stem", inputShape: [8, 8, 3], filters: 4, kernelSize: 5, useBias: false });
 * const state = await stateDictOf(tf.sequential({ layers: [conv] }));
 * // PyTorch's order: outputs, inputs, height, width.
 * console.log([...state.values()][0]?.shape); // [ 4, 3, 5, 5 ]
 * ```
 */
export async function stateDictOf(
  model: tf.LayersModel,
  options: StateDictOptions = {},
): Promise<Map<string, NamedTensor>> {
  refuseUnknown(options, OPTIONS, "the options of stateDictOf");
  const { numBatchesTracked } = options;
  const state = new Map<string, NamedTensor>();
  const add = (tensor: NamedTensor) => state.set(tensor.name, tensor);
  for (const { name, shape, variable, fromVariable } of parametersOf(model)) {
    add({ name, dtype: "float32", shape, data: fromVariable(await variable.read().data()) });
    if (numBatchesTracked !== undefined && name.endsWith(".running_var")) {
      const counter = `${name.slice(0, -"running_var".length)}num_batches_tracked`;
      add({ name: counter, dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(numBatchesTracked)) });
    }
  }
  return state;
}

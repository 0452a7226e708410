import type * as tf from "@tensorflow/tfjs";
import { aboutFile, refuseUnknown } from "./errors.ts";
import type { LoadReport } from "./load-report.ts";
import { LOAD_OPTIONS, type LoadOptions, loadWeights } from "./load-weights.ts";
import { type CheckpointSource, nameOf, READ_OPTIONS, type ReadOptions, readCheckpoint } from "./read-checkpoint.ts";

/**
 * Reads a checkpoint and loads it into a model: `readCheckpoint` and `loadWeights`, with every error about that file.
 *
 * @param model - Its layers are named by PyTorch's module paths. Its variables are overwritten.
 * @param source - The file, in any place and format that `readCheckpoint` knows.
 * @param options - Those of `readCheckpoint` and of `loadWeights`.
 * @throws {CheckpointError} that begins with its path, address or name, which `data.file` holds: those of `readCheckpoint`; `mismatch` in strict mode, before
 *   any variable is written, with `data.report`.
 *
 * @example
 * ```ts
 * import { loadWeightsInto, writeSafetensors } from "@seg/checkpoint";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const weight = { name: "head.weight", dtype: "float32" as const, shape: [1, 2], data: new Float32Array([10, 1]) };
 * await writeSafetensors("head.safetensors", [weight]);
 * const head = tf.layers.dense({ name: "head", inputShape: [2], units: 1, useBias: false });
 * const model = tf.sequential({ layers: [head] });
 * await loadWeightsInto(model, "head.safetensors");
 * // 10 · 2 + 1 · 3.
 * console.log((model.predict(tf.tensor2d([[2, 3]])) as tf.Tensor).dataSync()[0]); // 23
 * ```
 */
export async function loadWeightsInto(
  model: tf.LayersModel,
  source: CheckpointSource,
  options: ReadOptions & LoadOptions = {},
): Promise<LoadReport> {
  refuseUnknown(options, [...READ_OPTIONS, ...LOAD_OPTIONS], "the options of loadWeightsInto");
  const { map, part, budget, signal, ...loading } = options;
  const state = await readCheckpoint(source, { map, part, budget, signal });
  try {
    return loadWeights(model, state, loading);
  } catch (error) {
    throw aboutFile(error, nameOf(source));
  }
}

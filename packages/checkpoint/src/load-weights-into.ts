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

import { type ModelOptions, resolveOptions } from "../model-options.ts";
import { runTraining, type Training, type TrainingOptions } from "./run-training.ts";

/** Options of {@link train}. */
export type TrainOptions = Omit<ModelOptions, "weights"> & TrainingOptions;

/**
 * Trains a network: reads the photos and labels of `DATASET.list_train`, begins with `MODEL.weights_encoder` or ImageNet's weights, and
 * leaves checkpoints in the folder `DIR`. The same seed, engine and number of threads give the same weights, bit for bit, whether the
 * training was interrupted and resumed or not.
 *
 * @throws {CliError} `config` or `missing` before anything is trained; `failed` if the loss is no longer a number.
 * @throws {DataError} what is wrong with a photo, a label, a list or the folder.
 * @throws the signal's reason, after a checkpoint.
 * @see Zhou et al., Semantic Understanding of Scenes through the ADE20K Dataset, IJCV 2018; the original's train.py.
 */
export async function train(options: TrainOptions = {}): Promise<Training> {
  const { backend = "auto", log = () => {}, signal } = options;
  const { resolved, surroundings: locate } = resolveOptions(options);
  return (await runTraining(resolved.config, options, { backend, locate, log, warn: log, signal }))!;
}

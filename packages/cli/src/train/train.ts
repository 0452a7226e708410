import { loadConfig } from "../config/load.ts";
import type { ModelOptions } from "../model-options.ts";
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
  const { config: cfg, architecture, set = {}, backend = "auto", log = () => {}, signal } = options;
  const [encoder, ...rest] = architecture?.split("-") ?? [];
  const pair = encoder ? { "MODEL.arch_encoder": encoder, "MODEL.arch_decoder": rest.join("-") } : {};
  const flags = Object.entries({ ...pair, ...set }).map(([key, value]) => {
    return { key, value, origin: "in the options", typed: true };
  });
  const { config } = loadConfig({ ...(cfg !== undefined && { cfg }), flags });
  const terminal = { note: log, warn: log, drawsBars: false, progress: () => ({ update() {}, stop() {} }) };
  const locate = { env: process.env, terminal, signal };
  return (await runTraining(config, options, { backend, locate, log, warn: log, signal }))!;
}

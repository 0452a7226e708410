import type { ClassSampling, TrainSourceOptions as DataOptions, LabelConvention } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { type ContextOptions, contextOf } from "../context.ts";
import { findPretrained, type PretrainedFiles } from "../weights/pretrained.ts";
import type { ServerOptions } from "../weights/server.ts";
import { nameOf, removeDrafts } from "./checkpoint-files.ts";
import { classWeights } from "./class-weights.ts";
import { labelCounter } from "./label-counter.ts";
import { rareClassSampling } from "./rare-classes.ts";
import { changedSettings, checkSettings, courseSettings } from "./settings.ts";
import type { Start } from "./start.ts";

/** All that replicas must know to train; plain data. */
export interface TrainingPlan {
  config: Config;
  records: DataOptions["records"];
  /** What the values of their labels mean. */
  convention: LabelConvention;
  /** Those that `TRAIN.class_weights` stands for. */
  classWeights: readonly number[] | undefined;
  /** How photos are drawn where rare classes are preferred. */
  sampling: ClassSampling | undefined;
  /** What the training's course depends on. */
  settings: Record<string, unknown>;
  /** Where it goes on from; undefined at the beginning. */
  start: Start | undefined;
  /** What the networks begin with otherwise. */
  weights: PretrainedFiles;
}

/**
 * Finds out how a training begins.
 *
 * @param found - where it goes on from, as `findStart` says.
 * @throws {PipelineError} `config` or `missing`.
 * @throws {DataError} what is wrong with the list or the folder.
 */
export async function planTraining(
  config: Config,
  data: Pick<TrainingPlan, "records" | "convention">,
  { found, fromScratch, replicas }: { found: Start | undefined; fromScratch: boolean; replicas: number },
  options: ContextOptions & ServerOptions,
): Promise<TrainingPlan> {
  const { warn } = contextOf(options);
  const count = labelCounter(config, data, options);
  const weightsOfClasses = await classWeights(config, count, options);
  const settings = { ...(await courseSettings(config, weightsOfClasses)), replicas };
  const { checkpoint } = found ?? {};
  if (checkpoint) {
    checkSettings(checkpoint, settings);
    const isDone = checkpoint.position.epoch >= config.TRAIN.num_epoch;
    const effect = isDone ? "that changes nothing, as nothing is left to train" : "the training takes another course";
    for (const change of changedSettings(checkpoint.settings, settings)) {
      warn(`Since ${nameOf(checkpoint.position)}, ${change}: ${effect}.`);
    }
  }
  const weights = found ? {} : await findPretrained(config, { ...options, fromScratch });
  const sampling = await rareClassSampling(config, count);
  await removeDrafts(config.DIR);
  return {
    config,
    ...data,
    classWeights: weightsOfClasses,
    sampling,
    settings,
    start: found,
    weights,
  };
}

import type { TrainOptions as DataOptions } from "@seg/ade20k-data";
import type { Config } from "../config/schema.ts";
import type { LocateOptions } from "../weights/locate.ts";
import type { WholeCheckpoint } from "./checkpoint.ts";
import { nameOf, type Position, removeDrafts } from "./checkpoint-files.ts";
import { type FirstWeights, findFirstWeights } from "./first-weights.ts";
import { changedSettings, checkSettings, courseSettings } from "./settings.ts";
import { findStart } from "./start.ts";

/** All that replicas must know to train; plain data. */
export interface TrainingPlan {
  config: Config;
  records: DataOptions["records"];
  /** What the training's course depends on. */
  settings: Record<string, unknown>;
  /** Where it goes on from; undefined at the beginning. Without a checkpoint there are the networks' weights alone. */
  start: { position: Position; checkpoint: WholeCheckpoint | undefined } | undefined;
  /** What the networks begin with otherwise. */
  weights: FirstWeights;
}

/** Who hears of what is found on the way. */
export interface PlanSurroundings {
  locate: LocateOptions;
  log: (line: string) => void;
  warn: (line: string) => void;
}

/**
 * Finds out how a training begins.
 *
 * @throws {CliError} `config` or `missing`.
 * @throws {DataError} what is wrong with the list or the folder.
 */
export async function planTraining(
  config: Config,
  records: DataOptions["records"],
  { resume, fromScratch, replicas }: { resume: boolean; fromScratch: boolean; replicas: number },
  { locate, log, warn }: PlanSurroundings,
): Promise<TrainingPlan> {
  const settings = { ...(await courseSettings(config)), replicas };
  const found = await findStart(config, { resume, log, warn });
  const { checkpoint } = found ?? {};
  if (checkpoint) {
    checkSettings(checkpoint, settings);
    for (const change of changedSettings(checkpoint.settings, settings)) {
      warn(`Since ${nameOf(checkpoint.position)}, ${change}: the training takes another course.`);
    }
  }
  const weights = found ? {} : await findFirstWeights(config, { ...locate, fromScratch });
  await removeDrafts(config.DIR);
  return {
    config,
    records,
    settings,
    start: found && { position: found.position, checkpoint },
    weights,
  };
}

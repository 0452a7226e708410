import { existsSync } from "node:fs";
import type { ClassSampling, TrainSourceOptions as DataOptions } from "@seg/ade20k-data";
import type { Config } from "../config/schema.ts";
import { type Context, type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";
import type { ServerOptions } from "../weights/locate.ts";
import { findPretrained, type PretrainedFiles } from "../weights/pretrained.ts";
import { lastWhole, readWhole, type WholeCheckpoint } from "./checkpoint.ts";
import { fileOf, listPositions, nameOf, type Position, removeDrafts } from "./checkpoint-files.ts";
import { rareClassSampling } from "./rare-classes.ts";
import { changedSettings, checkSettings, courseSettings } from "./settings.ts";

/** All that replicas must know to train; plain data. */
export interface TrainingPlan {
  config: Config;
  records: DataOptions["records"];
  /** How photos are drawn where rare classes are preferred. */
  sampling: ClassSampling | undefined;
  /** What the training's course depends on. */
  settings: Record<string, unknown>;
  /** Where it goes on from; undefined at the beginning. Without a checkpoint there are the networks' weights alone. */
  start: { position: Position; checkpoint: WholeCheckpoint | undefined } | undefined;
  /** What the networks begin with otherwise. */
  weights: PretrainedFiles;
}

/**
 * Finds out how a training begins.
 *
 * @throws {PipelineError} `config` or `missing`.
 * @throws {DataError} what is wrong with the list or the folder.
 */
export async function planTraining(
  config: Config,
  records: DataOptions["records"],
  { resume, fromScratch, replicas }: { resume: boolean; fromScratch: boolean; replicas: number },
  options: ContextOptions & ServerOptions,
): Promise<TrainingPlan> {
  const { log, warn } = contextOf(options);
  const settings = { ...(await courseSettings(config)), replicas };
  const found = await findStart(config, { resume, log, warn });
  const { checkpoint } = found ?? {};
  if (checkpoint) {
    checkSettings(checkpoint, settings);
    for (const change of changedSettings(checkpoint.settings, settings)) {
      warn(`Since ${nameOf(checkpoint.position)}, ${change}: the training takes another course.`);
    }
  }
  const weights = found ? {} : await findPretrained(config, { ...options, fromScratch });
  const sampling = await rareClassSampling(config, records, options);
  await removeDrafts(config.DIR);
  return {
    config,
    records,
    sampling,
    settings,
    start: found && { position: found.position, checkpoint },
    weights,
  };
}

/** Where a training goes on from. */
interface Start {
  position: Position;
  /** Undefined where there are only the networks' weights, as the original leaves them. */
  checkpoint?: WholeCheckpoint;
}

/**
 * Where a training begins: with `resume` at the furthest checkpoint that is whole; without it, or where there is none, at the end of epoch
 * `TRAIN.start_epoch`, which is undefined for 0.
 *
 * @throws {PipelineError} `config` if the folder holds a training that would be overwritten; `missing` if the wanted epoch is not there.
 */
async function findStart(
  { DIR, TRAIN }: Config,
  { resume, log, warn }: { resume: boolean } & Pick<Context, "log" | "warn">,
): Promise<Start | undefined> {
  const wanted = { epoch: TRAIN.start_epoch, iteration: 0 };
  if (resume) {
    const checkpoint = await lastWhole(DIR, warn);
    if (checkpoint && checkpoint.position.iteration >= TRAIN.epoch_iters) {
      const { iteration } = checkpoint.position;
      const [name, received] = [nameOf(checkpoint.position), TRAIN.epoch_iters];
      throw new PipelineError(
        "config",
        {
          expected: `more than ${iteration} iterations an epoch, where ${name} in ${DIR} is,`,
          but: `TRAIN.epoch_iters is ${received}`,
          hint: "set it as it was",
        },
        { data: { key: "TRAIN.epoch_iters", received, iteration, checkpoint: name, folder: DIR } },
      );
    }
    if (checkpoint) return { position: checkpoint.position, checkpoint };
    log(`There is no checkpoint in ${DIR} to resume from.`);
  }
  const [furthest] = await listPositions(DIR, "trainer");
  if (furthest && (wanted.epoch === 0 || furthest.epoch > wanted.epoch)) {
    const name = nameOf(furthest);
    throw new PipelineError(
      "config",
      {
        expected: `a folder without a ${furthest.epoch > wanted.epoch ? "later checkpoint" : "training in it"}`,
        but: `${DIR} holds ${name}`,
        hint: "go on with it by --resume, or set DIR to another folder",
      },
      { data: { key: "DIR", folder: DIR, checkpoint: name } },
    );
  }
  if (wanted.epoch === 0) return undefined;
  const checkpoint = await readWhole(DIR, wanted, warn);
  if (checkpoint) return { position: wanted, checkpoint };
  for (const half of ["encoder", "decoder"] as const) {
    const file = fileOf(DIR, wanted, half);
    if (existsSync(file)) continue;
    throw new PipelineError(
      "missing",
      {
        expected: `${file} to go on from (TRAIN.start_epoch ${wanted.epoch})`,
        but: "there is no such file",
        hint: "correct DIR or TRAIN.start_epoch",
      },
      { data: { key: "TRAIN.start_epoch", received: wanted.epoch, file } },
    );
  }
  warn(`${nameOf(wanted)} in ${DIR} has no trainer file: the optimizer begins anew.`);
  return { position: wanted };
}

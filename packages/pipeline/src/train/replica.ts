import { join } from "node:path";
import { type TrainSourceOptions as DataOptions, TRAIN_SOURCE, type TrainBatch } from "@seg/ade20k-data";
import type { EngineInfo } from "@seg/backend";
import { type Group, gatherJson, type MpiGroup } from "@seg/collectives";
import { type Replica, type ReplicaContext, SeededLoader } from "@seg/data-parallel";
import { networkProof } from "@seg/segmenter/proof";
import { knowsItself } from "../config/folder.ts";
import type { Context } from "../context.ts";
import type { PipelineEvent } from "../events.ts";
import { loadPretrained } from "../model/load.ts";
import { loadHalves, restoreTrainer } from "./checkpoint.ts";
import { nameOf, type Position, setAside } from "./checkpoint-files.ts";
import { dataOptions } from "./data-options.ts";
import { describeFolder } from "./describe-folder.ts";
import { CheckpointHook } from "./hooks/checkpoint.ts";
import { EarlyStopHook } from "./hooks/early-stop.ts";
import { emptyHistory, HISTORY_PICTURE, type History, HistoryHook } from "./hooks/history.ts";
import { Hooks } from "./hooks/hooks.ts";
import { TensorBoardHook } from "./hooks/tensorboard.ts";
import { ValidationHook } from "./hooks/validation.ts";
import { readEvaluations, removeLater, type ValidationScores, validationFiles } from "./hooks/validation-files.ts";
import { ValidationSet } from "./hooks/validation-set.ts";
import { type Ending, type Run, runLoop } from "./loop.ts";
import { OwnFolder } from "./own-folder.ts";
import type { TrainingPlan } from "./plan.ts";
import { Trainer } from "./trainer.ts";
import { trySaving } from "./try-saving.ts";

/** What the first replica says on the way. */
export type Report = { type: "log" | "warn"; line: string } | { type: "progress"; event: PipelineEvent };

/** How a replica's training ended. */
export interface Outcome extends Ending {
  /** What the first replica saw of it. */
  seen?: { history: History; validation: readonly ValidationScores[] };
}

/** What an engine must be able to do to hold a replica. */
export const proof = networkProof({ training: true });

/** Makes a replica of a training, of which one run is the whole. */
export default function createReplica({
  group,
  engine,
  options: plan,
}: ReplicaContext<TrainingPlan>): Replica<object, Outcome> {
  return {
    run: (_, { signal, report }) => {
      const say: (report: Report) => void = report;
      const context = {
        log: (line: string) => say({ type: "log", line }),
        warn: (line: string) => say({ type: "warn", line }),
        onProgress: (event: PipelineEvent) => say({ type: "progress", event }),
        signal,
      };
      return train(plan, group, engine, context);
    },
  };
}

/** Trains with the others. Rank 0 alone reads and writes checkpoints, speaks, and looks at the network after epochs. */
async function train(plan: TrainingPlan, group: Group, engine: EngineInfo, context: Context): Promise<Outcome> {
  const { config, start } = plan;
  const leads = group.rank === 0;
  const position = start?.position ?? { epoch: 0, iteration: 0 };
  const validation = leads ? await ValidationSet.create(config, context) : undefined;
  const prepare: Parameters<typeof Trainer.create>[1] = async (halves) => {
    if (leads)
      await (start
        ? loadHalves(start.files, halves)
        : loadPretrained(halves, plan.weights, { config, warn: context.warn }));
  };
  const trainer = await Trainer.create(config, prepare, group, plan.classWeights);
  let hooks = new Hooks();
  try {
    let seen: Outcome["seen"];
    if (leads) ({ hooks, seen } = await beginHooks(plan, position, { trainer, validation, engine, context }));
    const unlike = unlikeEngines(gatherJson(arithmeticOf(engine), group), (group as Partial<MpiGroup>).hosts);
    if (unlike && leads) context.warn(unlike);
    const run = { config, trainer, group, position, hooks, drifts: unlike !== undefined, signal: context.signal };
    const ending = await trainFrom(run, plan);
    return { ...ending, ...(seen && { seen }) };
  } finally {
    await hooks.atEnd();
    trainer.dispose();
  }
}

async function trainFrom(run: Omit<Run, "loader">, plan: TrainingPlan): Promise<Ending> {
  const { trainer, group, position, hooks } = run;
  const { seed, workers, num_epoch, epoch_iters, accumulate } = plan.config.TRAIN;
  if (position.epoch >= num_epoch) {
    // A training that is done may yet be scored.
    await hooks.afterCheckpoint(position.epoch);
    return { end: "finished", epoch: position.epoch };
  }
  await trainer.align();
  const loader = new SeededLoader<TrainBatch, DataOptions>({
    module: TRAIN_SOURCE,
    options: dataOptions(plan),
    seed: group.rank === 0 ? seed : [seed, group.rank],
    workers,
    epochLength: epoch_iters * accumulate,
    start: { epoch: position.epoch, iteration: position.iteration * accumulate },
  });
  try {
    return await runLoop({ ...run, loader });
  } finally {
    await loader.dispose();
  }
}

interface Beginning {
  trainer: Trainer;
  validation: ValidationSet | undefined;
  engine: EngineInfo;
  context: Context;
}

/** Restores rank 0's trainer, which has its weights, at the position, and makes the hooks that go on from there. */
async function beginHooks(
  { config, settings, start }: TrainingPlan,
  position: Position,
  { trainer, validation, engine: info, context }: Beginning,
): Promise<{ hooks: Hooks; seen: NonNullable<Outcome["seen"]> }> {
  const { DIR: folder, TRAIN } = config;
  const { log, warn } = context;
  const engine = describeEngine(info);
  const { checkpoint } = start ?? {};
  if (checkpoint) await restoreTrainer(folder, trainer, checkpoint);
  if (checkpoint && checkpoint.engine !== engine) {
    warn(`${nameOf(position)} was computed by ${checkpoint.engine}, not ${engine}: the last bits will differ.`);
  }
  if (start) log(`Going on from ${nameOf(position)} in ${folder}.`);
  if (position.epoch < TRAIN.num_epoch) await trySaving(config, position, trainer.bytes, warn);
  else log(TRAIN.num_epoch === 1 ? "The one epoch is done." : `All ${TRAIN.num_epoch} epochs are done.`);

  await setOthersAside(folder, checkpoint !== undefined, log);
  // What trains nothing has nothing to say of the networks that are there.
  if (position.epoch < TRAIN.num_epoch) await describeFolder(config, log);
  await removeLater(folder, position.epoch);
  const evaluations = await readEvaluations(folder);
  const own = await OwnFolder.of(folder);
  const history = checkpoint?.history ?? emptyHistory();
  const firstStep = position.epoch * TRAIN.epoch_iters + position.iteration;
  const hooks: Hooks = new Hooks([
    { afterStep: context.onProgress },
    new CheckpointHook(config, trainer, history, { settings, engine }, own, context),
    ...(validation
      ? [
          new ValidationHook({
            ...{ config, validation, trainer, engine: info.name, evaluations, context },
            afterEvaluation: (evaluation) => hooks.afterEvaluation(evaluation),
          }),
        ]
      : []),
    ...(TRAIN.early_stop > 0 ? [new EarlyStopHook(TRAIN.early_stop, evaluations, log)] : []),
    new HistoryHook(config, history, evaluations, own, warn),
    new TensorBoardHook(config, firstStep, warn),
  ]);
  return { hooks, seen: { history, validation: evaluations } };
}

/** What an engine's last bits depend on: a processor's instruction sets too. */
const arithmeticOf = (engine: EngineInfo) => `${describeEngine(engine)} on ${engine.device}`;

/** The warning for replicas whose engines may round differently; undefined if all are alike. @param hosts - each replica's, where there are several. */
export function unlikeEngines(engines: readonly string[], hosts?: readonly string[]): string | undefined {
  const other = engines.findIndex((engine) => engine !== engines[0]);
  if (other < 0) return undefined;
  const replica = (rank: number) => `rank ${rank}${hosts ? ` on host ${hosts[rank]}` : ""}`;
  return `${replica(0)} computes by ${engines[0]}, ${replica(other)} by ${engines[other]}: their weights may part in the last bits, so all take those of rank 0 at each checkpoint.`;
}

/** Renames what has the names of this training's files, but was there before any training of this package. */
async function setOthersAside(folder: string, isGoingOn: boolean, log: (line: string) => void): Promise<void> {
  if (isGoingOn || knowsItself(folder)) return;
  for (const file of await setAside([...(await validationFiles(folder)), join(folder, HISTORY_PICTURE)])) {
    log(`What was there before is now ${file}.`);
  }
}

/** An engine, with what its rounding depends on. */
const describeEngine = ({ name, version, tensorflow, oneDnn, threads }: EngineInfo) =>
  `${name} ${tensorflow ?? version}${oneDnn === undefined ? "" : ` with${oneDnn ? "" : "out"} oneDNN`} on ${threads} ${threads === 1 ? "thread" : "threads"}`;

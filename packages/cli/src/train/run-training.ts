import { join } from "node:path";
import { ensureWritable } from "@seg/ade20k-data";
import type { MpiLaunch } from "@seg/collectives";
import { classSet } from "../class-set.ts";
import type { Config } from "../config/schema.ts";
import { CliError } from "../errors.ts";
import { engineOn } from "../gpus.ts";
import { listedRecords } from "../listed-records.ts";
import { withLock } from "../weights/lock.ts";
import { nameOf } from "./checkpoint-files.ts";
import type { History } from "./history.ts";
import { type LaunchSurroundings, launchTraining, type ReplicaOptions, replicaCount, trainUnderMpi } from "./launch.ts";
import { type PlanSurroundings, planTraining } from "./plan.ts";
import type { TrainProgress } from "./progress.ts";
import type { Outcome, Report } from "./replica.ts";
import type { ValidationScores } from "./validation-files.ts";

/** How a training is begun, besides its configuration. */
export interface TrainingOptions extends ReplicaOptions {
  /** Go on from the last whole checkpoint in `DIR`, if there is one. */
  resume?: boolean | undefined;
  /** Begin with random weights where `MODEL.weights_encoder` names none, instead of ImageNet's. */
  fromScratch?: boolean | undefined;
  onProgress?: ((progress: TrainProgress) => void) | undefined;
}

interface Surroundings extends Omit<LaunchSurroundings, "onReport">, PlanSurroundings {
  /** This process's place among those that `mpirun` started, if it did. */
  mpi?: MpiLaunch | undefined;
}

/** A training that has come to its end. */
export interface Training {
  /** The folder that holds its checkpoints. */
  folder: string;
  /** The last one's name, as `VAL.checkpoint` and `TEST.checkpoint` take it. */
  checkpoint: string;
  /** Loss and accuracy along the way. */
  history: History;
  /** Scores on `DATASET.list_val`, where they were wanted, epoch by epoch. */
  validation: readonly ValidationScores[];
}

/** Keeps a second training out of the folder. */
const LOCK = ".training.lock";

/**
 * Trains a configuration's networks.
 *
 * @returns undefined under `mpirun` for all processes but the first.
 * @throws {CliError} `config` or `missing` before anything is trained; `failed` if the loss is no longer a number.
 * @throws {DataError} what is wrong with a photo, a label, a list or the folder.
 * @throws the signal's reason, after a checkpoint.
 */
export async function runTraining(
  config: Config,
  options: TrainingOptions,
  surroundings: Surroundings,
): Promise<Training | undefined> {
  const { mpi, signal, log, warn } = surroundings;
  const { resume = false, fromScratch = false, gpus, onProgress } = options;
  const onReport = (report: Report) => {
    if (report.type === "progress") onProgress?.(report.progress);
    else (report.type === "log" ? log : warn)(report.line);
  };
  const listening = { ...surroundings, backend: engineOn(gpus, surroundings.backend), onReport };
  if (mpi && mpi.rank > 0) {
    checkEnd(await trainUnderMpi(undefined, { ...listening, mpi, gpus }), signal);
    return undefined;
  }
  const replicas = mpi?.size ?? replicaCount(options);
  if (replicas > 1 && surroundings.backend === "webgpu") {
    throw new CliError(
      "usage",
      `Expected one replica with --backend webgpu, whose gradients cannot be read while others wait, but received ${replicas}: train on one, or with another engine.`,
    );
  }
  // What is quickly found wrong is told before anything is downloaded, loaded or written.
  await classSet(config);
  const records = await listedRecords(config, "train");
  await ensureWritable(config.DIR);
  const onWait = () => log(`Another training is at work in ${config.DIR}, or was until just now: waiting for its end.`);
  const work = async () => {
    const plan = await planTraining(config, records, { resume, fromScratch, replicas }, surroundings);
    signal?.throwIfAborted();
    const outcome = mpi
      ? await trainUnderMpi(plan, { ...listening, mpi, gpus })
      : await launchTraining(plan, { gpus, replicas }, listening);
    checkEnd(outcome, signal);
    const epoch = Math.max(plan.start?.position.epoch ?? 0, config.TRAIN.num_epoch);
    return { folder: config.DIR, checkpoint: `${nameOf({ epoch, iteration: 0 })}.pth`, ...outcome.seen! };
  };
  return withLock(join(config.DIR, LOCK), work, { onWait, ...(signal && { signal }) });
}

/** @throws if the training ended early. */
function checkEnd({ end }: Outcome, signal: AbortSignal | undefined): void {
  if (end === "finished") return;
  signal?.throwIfAborted();
  throw new CliError(
    end === "interrupted" ? "interrupted" : "failed",
    end === "interrupted" ? "interrupted" : "Expected all replicas to train on but another one failed: it says why.",
  );
}

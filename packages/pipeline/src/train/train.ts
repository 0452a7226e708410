import { join } from "node:path";
import type { EngineName } from "@seg/backend";
import type { MpiLaunch } from "@seg/collectives";
import { ensureWritable, withLock } from "@seg/node";
import { contextOf } from "../context.ts";
import { classSet } from "../dataset/classes.ts";
import { refuseOneClass } from "../dataset/judge-labels.ts";
import { labelConvention } from "../dataset/label-convention.ts";
import { listedRecords } from "../dataset/records.ts";
import { PipelineError, refuseUnknown } from "../errors.ts";
import { engineOn } from "../launch/devices.ts";
import { MODEL_OPTIONS, type ModelOptions, resolveConfigOptions } from "../options.ts";
import { checkBatch } from "./check-batch.ts";
import { nameOf } from "./checkpoint-files.ts";
import type { History } from "./hooks/history.ts";
import type { ValidationScores } from "./hooks/validation-files.ts";
import { launchTraining, type ReplicaOptions, replicaCount, trainUnderMpi } from "./launch.ts";
import { lookAtLabels } from "./look-at-labels.ts";
import { planTraining } from "./plan.ts";
import type { Outcome, Report } from "./replica.ts";

/** Options of {@link train}. */
export interface TrainOptions extends Omit<ModelOptions, "weights" | "gpu" | "backend">, ReplicaOptions {
  /** Default `auto`: TensorFlow on a GPU, on the CPU, WebAssembly, the first that starts. */
  backend?: EngineName | "auto" | undefined;
  /** Go on from the last whole checkpoint in `DIR`, if there is one. */
  resume?: boolean | undefined;
  /** Begin with random weights where `MODEL.weights_encoder` names none, instead of ImageNet's. */
  fromScratch?: boolean | undefined;
  /** This process's rank and the world's size where `mpirun` or `srun` started it; rank 0's options count. */
  mpi?: MpiLaunch | undefined;
}

const OPTIONS = [
  ...MODEL_OPTIONS.filter((name) => name !== "weights" && name !== "gpu"),
  ...["resume", "fromScratch", "mpi", "replicas", "gpus"],
];

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
 * Trains a network: reads the photos and labels of `DATASET.list_train`, begins with `MODEL.weights_encoder` or ImageNet's weights, and
 * leaves checkpoints in the folder `DIR`. The same seed, engine and number of threads give the same weights, bit for bit, whether the
 * training was interrupted and resumed or not.
 *
 * @returns the training; undefined on all ranks of `mpirun` but the first.
 * @throws {PipelineError} `config`, `option` or `missing` before anything is trained; `failed` if the loss is no longer a number.
 * @throws {DataError} what is wrong with a photo, a label, a list or the folder.
 * @throws the signal's reason, after a checkpoint.
 * @see Zhou et al., Semantic Understanding of Scenes through the ADE20K Dataset, IJCV 2018; the original's train.py.
 */
export async function train(options?: Omit<TrainOptions, "mpi">): Promise<Training>;
export async function train(options: TrainOptions): Promise<Training | undefined>;
export async function train(options: TrainOptions = {}): Promise<Training | undefined> {
  refuseUnknown(options, OPTIONS, "an option of train");
  const { backend = "auto", mpi, resume = false, fromScratch = false, gpus } = options;
  // A training that begins anew is not to follow what an earlier one left.
  const { config } = resolveConfigOptions(options, { fromFolder: resume });
  const { log, warn, onProgress, signal } = contextOf(options);
  const onReport = (report: Report) => {
    if (report.type === "progress") onProgress(report.event);
    else (report.type === "log" ? log : warn)(report.line);
  };
  const around = { backend: engineOn(gpus, backend), log, onReport, signal };
  if (mpi && mpi.rank > 0) {
    checkEnd(await trainUnderMpi(undefined, { ...around, mpi, gpus }), signal);
    return undefined;
  }
  const replicas = mpi?.size ?? replicaCount(options);
  if (replicas > 1 && backend === "webgpu") {
    throw new PipelineError(
      "option",
      {
        expected: "one replica with --backend webgpu, whose gradients cannot be read while others wait,",
        received: String(replicas),
        hint: "train on one, or with another engine",
      },
      { data: { option: "replicas", expected: 1, received: replicas } },
    );
  }
  // What is quickly found wrong is told before anything is downloaded, loaded or written.
  checkBatch(config, replicas);
  refuseOneClass(config);
  const classes = await classSet(config);
  const convention = await labelConvention(config);
  const records = await listedRecords(config, "train");
  await lookAtLabels(config, classes, { records, convention }, { warn, onProgress, signal });
  await ensureWritable(config.DIR);
  const onWait = () => log(`Another training is at work in ${config.DIR}, or was until just now: waiting for its end.`);
  const work = async () => {
    const plan = await planTraining(config, { records, convention }, { resume, fromScratch, replicas }, options);
    signal?.throwIfAborted();
    const outcome = mpi
      ? await trainUnderMpi(plan, { ...around, mpi, gpus })
      : await launchTraining(plan, { gpus, replicas }, around);
    checkEnd(outcome, signal);
    return {
      folder: config.DIR,
      checkpoint: `${nameOf({ epoch: outcome.epoch, iteration: 0 })}.pth`,
      ...outcome.seen!,
    };
  };
  return withLock(join(config.DIR, LOCK), work, { onWait, ...(signal && { signal }) });
}

/** @throws if the training ended early. */
function checkEnd({ end }: Outcome, signal: AbortSignal | undefined): void {
  if (end === "finished") return;
  signal?.throwIfAborted();
  if (end === "interrupted") throw new PipelineError("interrupted", "interrupted");
  throw new PipelineError("failed", {
    expected: "all replicas to train on",
    but: "another one failed",
    hint: "it says why",
  });
}

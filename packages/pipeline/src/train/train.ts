import { existsSync } from "node:fs";
import { join } from "node:path";
import type { OdgtRecord } from "@seg/ade20k-data";
import type { EngineName } from "@seg/backend";
import type { MpiLaunch } from "@seg/collectives";
import { ensureWritable, withLock } from "@seg/node";
import type { Config, Resolved } from "@seg/segmenter/config";
import { contextOf } from "../context.ts";
import { classSet } from "../dataset/classes.ts";
import {
  divideFolders,
  FOLDER_OPTIONS,
  type FolderSources,
  hasOwnLists,
  unlikeLists,
  withOwnLists,
  writeLists,
} from "../dataset/folders.ts";
import { refuseOneClass } from "../dataset/judge-labels.ts";
import { labelConvention } from "../dataset/label-convention.ts";
import { listedRecords } from "../dataset/records.ts";
import { PipelineError, refuseUnknown } from "../errors.ts";
import { engineOn } from "../launch/devices.ts";
import { MODEL_OPTIONS, type ModelOptions, resolveConfigOptions } from "../options.ts";
import { checkBatch } from "./check-batch.ts";
import { listPositions, nameOf } from "./checkpoint-files.ts";
import type { History } from "./hooks/history.ts";
import type { ValidationScores } from "./hooks/validation-files.ts";
import { launchTraining, type ReplicaOptions, replicaCount, trainUnderMpi } from "./launch.ts";
import { lookAtLabels } from "./look-at-labels.ts";
import { notingEnd } from "./noting-end.ts";
import { LOCK } from "./own-folder.ts";
import { planTraining } from "./plan.ts";
import type { Outcome, Report } from "./replica.ts";
import { findStart, refuseDemoFolder, refuseTaken } from "./start.ts";

/** Options of {@link train}. */
export interface TrainOptions extends Omit<ModelOptions, "weights" | "gpu" | "backend">, ReplicaOptions, FolderSources {
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
  ...FOLDER_OPTIONS,
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

/**
 * Trains a network: reads the photos and labels of `DATASET.list_train`, or of the folders `images` and `labels`, begins with `MODEL.weights_encoder` or ImageNet's weights, and
 * leaves checkpoints in the folder `DIR`. The same seed, engine and number of threads give the same weights, bit for bit, whether the
 * training was interrupted and resumed or not.
 *
 * @returns the training; undefined on all ranks of `mpirun` but the first.
 * @throws {PipelineError} `config`, `option` or `missing` before anything is trained; `failed` if the loss is no longer a number.
 * @throws {DataError} what is wrong with a photo, a label, a list or the folder.
 * @throws the signal's reason, after a checkpoint.
 * @see Zhou et al., Semantic Understanding of Scenes through the ADE20K Dataset, IJCV 2018; the original's train.py.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, writeImage, writeLabelPng } from "@seg/ade20k-data";
 * import { train } from "@seg/pipeline";
 *
 * const [width, height] = [32, 32];
 * const map = { labels: Uint8Array.from({ length: width * height }, (_, i) => i % 2), width, height };
 * for (const name of ["1", "2", "3"]) {
 *   await writeImage(`mine/photos/${name}.png`, { data: new Uint8Array(width * height * 3), width, height });
 *   await writeLabelPng(`mine/labels/${name}.png`, map, ADE20K_CLASSES);
 * }
 * // One step of it all, from random weights.
 * const { folder, checkpoint } = await train({
 *   config: "mobilenetv2dilated-c1_deepsup",
 *   images: "mine/photos",
 *   labels: "mine/labels",
 *   set: { DIR: "ckpt/mine", "DATASET.num_class": 2, "DATASET.imgSizes": [32], "TRAIN.num_epoch": 1, "TRAIN.epoch_iters": 1 },
 *   fromScratch: true,
 *   backend: "wasm",
 * });
 * console.log(folder, checkpoint); // ckpt/mine epoch_1.pth
 * ```
 */
export async function train(options?: Omit<TrainOptions, "mpi">): Promise<Training>;
export async function train(options: TrainOptions): Promise<Training | undefined>;
export async function train(options: TrainOptions = {}): Promise<Training | undefined> {
  refuseUnknown(options, OPTIONS, "an option of train");
  const { backend = "auto", mpi, resume = false, fromScratch = false, gpus } = options;
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
  // A training that begins anew is not to follow what an earlier one left.
  const resolved = resolveConfigOptions(options, { fromFolder: resume });
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
  checkBatch(resolved.config, replicas);
  const { config, records, begin } = await trainingData(resolved, options);
  refuseOneClass(config);
  const classes = await classSet(config);
  const convention = await labelConvention(config);
  refuseDemoFolder(config.DIR);
  if (!resume) await refuseTaken(config);
  const tellOfLabels = await lookAtLabels(config, classes, { records, convention }, { warn, onProgress, signal });
  const removeEmpty = await ensureWritable(config.DIR);
  const onWait = (owner: unknown, line: string) =>
    log(`${waitingIn(config.DIR, { resume, isKnown: owner !== undefined })} ${line}`);
  const work = async () => {
    // Before anything is written: another training may have been here meanwhile.
    const found = await findStart(config, { resume, log, warn });
    await begin();
    const plan = await planTraining(config, { records, convention }, { found, fromScratch, replicas }, options);
    tellOfLabels();
    signal?.throwIfAborted();
    const outcome = await notingEnd(config.DIR, async () => {
      const ending = mpi
        ? await trainUnderMpi(plan, { ...around, mpi, gpus })
        : await launchTraining(plan, { gpus, replicas }, around);
      checkEnd(ending, signal);
      return ending;
    });
    return {
      folder: config.DIR,
      checkpoint: `${nameOf({ epoch: outcome.epoch, iteration: 0 })}.pth`,
      ...outcome.seen!,
    };
  };
  try {
    return await withLock(join(config.DIR, LOCK), work, { onWait, ...(signal && { signal }) });
  } finally {
    await removeEmpty();
  }
}

/** Whoever does not go on with a training cannot follow it in its folder: that is told before it is waited for. */
function waitingIn(folder: string, { resume, isKnown }: { resume: boolean; isKnown: boolean }): string {
  const then = resume
    ? ""
    : " Once it has left a checkpoint there, this one is refused: go on with it by --resume, or set DIR to another folder.";
  const other = isKnown ? "is at work in" : "may be at work in";
  const until = isKnown ? ", or was until just now: waiting for its end" : ": waiting until its lock is gone";
  return `Another training ${other} ${folder}${until}.${then}`;
}

/** What a training learns from. */
interface TrainingData {
  config: Config;
  records: OdgtRecord[];
  /** Says what they are, and writes what must be there before it begins. */
  begin: () => Promise<void>;
}

/**
 * The photos of `DATASET.list_train`, or of the folders. A training that has begun goes on with the lists that it began with, though the
 * folders may have changed.
 *
 * @throws {PipelineError} `option`, or `missing` if there is no list.
 * @throws {DataError} what is wrong with the list or the folders.
 */
async function trainingData(resolved: Resolved, options: TrainOptions): Promise<TrainingData> {
  const { log, warn } = contextOf(options);
  const folders = await divideFolders(resolved, options, options);
  if (!folders) {
    const records = await listedRecords(resolved.config, "train");
    return { config: resolved.config, records, begin: async () => {} };
  }
  const { DIR, TRAIN } = resolved.config;
  const config = withOwnLists(resolved, folders.val.length > 0);
  const listsVal = config.DATASET.list_val === resolved.config.DATASET.list_val;
  if (TRAIN.eval_every > 0 && folders.val.length === 0 && !listsVal) {
    throw new PipelineError(
      "option",
      {
        expected: `photos to score the network on after epochs (TRAIN.eval_every ${TRAIN.eval_every})`,
        but: "none are set aside",
        hint: "set some aside by --val-split 0.1, or name folders by --val-images and --val-labels",
      },
      { data: { option: "valSplit", key: "TRAIN.eval_every" } },
    );
  }
  if (hasOwnLists(config) && (await listPositions(DIR, "trainer")).length > 0) {
    const records = await listedRecords(config, "train");
    const val = existsSync(config.DATASET.list_val) ? await listedRecords(config, "val") : [];
    const tell = async () => {
      log(`The training in ${DIR} goes on with the ${records.length} photos of ${config.DATASET.list_train}.`);
      for (const line of unlikeLists({ train: records, val }, folders, { folder: DIR, ...options })) warn(line);
    };
    return { config, records, begin: tell };
  }
  const writeAndTell = async () => {
    for (const file of await writeLists(config, folders)) log(`What was there before is now ${file}.`);
    log(`${folders.train.length} photos to train on, ${folders.val.length} set aside; their lists are in ${DIR}.`);
  };
  return { config, records: folders.train, begin: writeAndTell };
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

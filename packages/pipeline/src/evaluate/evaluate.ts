import { join } from "node:path";
import { gatherJson, type MpiGroup, type MpiLaunch } from "@seg/collectives";
import { ensureWritable, ownModule, startWorkerProcess } from "@seg/node";
import { SINGLE_SCALE, scaleOptions } from "@seg/segmenter";
import type { Resolved } from "@seg/segmenter/config";
import { checkRecords } from "../dataset/check.ts";
import { classSet } from "../dataset/classes.ts";
import { seemsZeroBased } from "../dataset/judge-labels.ts";
import { labelConvention } from "../dataset/label-convention.ts";
import { evaluationRecords, type PairSources } from "../dataset/records.ts";
import { PipelineError, refuseUnknown } from "../errors.ts";
import { filesOf, refuseUnlike, refuseUnlikeFiles } from "../launch/alike.ts";
import { engineOn, processorsOf } from "../launch/devices.ts";
import { joinRanks, tellRarely } from "../launch/ranks.ts";
import { MODEL_OPTIONS, type ModelOptions, resolveModel } from "../options.ts";
import type { EvaluationPair, ImageCounts, WorkerInfo, WorkerSetup } from "./messages.ts";
import { runWorkers } from "./pool.ts";
import { type Evaluation, namedScores, scoreEvent } from "./result.ts";
import { pictureNames, RESULT_FILE, saveEvaluation } from "./save.ts";
import { scoredBy } from "./scored-by.ts";
import { Tally } from "./tally.ts";

/** How an evaluation is done, besides its configuration. */
export interface EvaluationOptions extends PairSources {
  /** Score at all of `DATASET.imgSizes`; otherwise at 450, or at sizes set for this run. */
  multiScale?: boolean | undefined;
  /** Also look at each photo's mirror image. */
  flip?: boolean | undefined;
  /** Only the first so many photos. */
  limit?: number | undefined;
  /** Processes, each with an engine of its own; default one, or one for each of `gpus`. */
  workers?: number | undefined;
  /** Numbers of the GPUs that the workers take in turn. */
  gpus?: readonly number[] | undefined;
  /** A folder for `evaluation.json`, `confusion.png` and, with `VAL.visualize`, a picture of each photo; else nothing is written. */
  result?: string | undefined;
  /** This process's rank and the world's size where `mpirun` or `srun` started it: each rank scores its share of the photos. */
  mpi?: MpiLaunch | undefined;
}

const OPTIONS = [
  ...MODEL_OPTIONS.filter((name) => name !== "gpu"),
  ...["images", "labels", "labelSuffix", "multiScale", "flip", "limit", "workers", "gpus", "result", "mpi"],
];

/** Options of {@link evaluate}. */
export type EvaluateOptions = Omit<ModelOptions, "gpu"> & EvaluationOptions;

/**
 * Scores a network on photos whose labels are known, in worker processes. The counts do not depend on how many there are.
 *
 * The photos are those of `DATASET.list_val` or of the folders `images` and `labels`; the weights those of `VAL.checkpoint`. What was
 * counted until an error is saved, if anything is to be.
 *
 * @returns the same on all ranks.
 * @throws {PipelineError} `config`, `option` or `missing` before anything is scored; `failed` if a worker and its replacement died.
 * @throws {DataError} if a photo or label is missing or wrong, naming it.
 * @throws the signal's reason.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, writeImage, writeLabelPng } from "@seg/ade20k-data";
 * import { createSegmenter, DEMO_MODEL, DEMO_PHOTO, evaluate } from "@seg/pipeline";
 *
 * // As labels, where there are no others, what the network itself says: the score is full.
 * const model = { ...DEMO_MODEL, backend: "wasm" } as const;
 * const segmenter = await createSegmenter(model);
 * const { image, labels, width, height } = await segmenter.segment(DEMO_PHOTO);
 * segmenter.dispose();
 * await writeImage("val/photos/1.png", image);
 * await writeLabelPng("val/labels/1.png", { labels, width, height }, ADE20K_CLASSES);
 * const scores = await evaluate({ ...model, images: "val/photos", labels: "val/labels" });
 * console.log(scores.images, scores.pixelAccuracy.toFixed(4)); // 1 1.0000
 * ```
 */
export async function evaluate(options: EvaluateOptions = {}): Promise<Evaluation> {
  refuseUnknown(options, OPTIONS, "an option of evaluate");
  const { backend = "auto", mpi, limit } = options;
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0)) {
    const line = { expected: "limit: a whole number of at least 1", received: String(limit) };
    throw new PipelineError("option", line, { data: { option: "limit", received: limit } });
  }
  const { resolved, context, locate } = resolveModel(options, "VAL");
  const { log, warn, onProgress, signal } = context;
  const { config } = resolved;
  const { flip = false, gpus, result: folder } = options;
  const sizes = evaluationSizes(resolved, options.multiScale);
  const workers = workerCount(options);
  const engineName = engineOn(gpus, backend, ["onnxruntime"]);
  const classes = await classSet(config);
  const names = classes.map(({ name }) => name);
  if (classes.length > 255) {
    throw new PipelineError(
      "config",
      { expected: "at most 255 classes, as label files hold,", received: String(classes.length) },
      { data: { key: "DATASET.num_class", expected: 255, received: classes.length } },
    );
  }
  const convention = await labelConvention(config);
  const maxPixels = config.DATASET.max_pixels;
  const records = (await evaluationRecords(config, options, context)).slice(0, limit);
  const { rank, size: ranks } = mpi ?? { rank: 0, size: 1 };
  const places = records.map((_, index) => index).filter((index) => index % ranks === rank);
  const removeEmpty = folder !== undefined && rank === 0 ? await ensureWritable(folder) : undefined;
  try {
    const files = await locate();
    signal?.throwIfAborted();
    const group = mpi && joinRanks(onProgress);
    if (group) {
      refuseUnlike(
        group,
        await scoredBy(config, files, { classes: names, "the labels' meaning": convention, sizes, flip }),
      );
      await refuseUnlikeFiles(group, filesOf(records));
    }
    const counts = await checkRecords(
      places.map((index) => records[index]!),
      { numClasses: classes.length, convention, maxPixels, ...context },
    );
    const labelMap = config.DATASET.label_map;
    for (const line of seemsZeroBased({ counts, classes, labelMap, of: "", whole: true })) warn(line);

    const pictures = config.VAL.visualize ? folder : undefined;
    const cores = process.env.TF_NUM_INTRAOP_THREADS ? undefined : processorsOf(mpi);
    const setup: Omit<WorkerSetup, "gpu"> = {
      config,
      files,
      backend: engineName,
      threads: cores && Math.max(1, Math.floor(cores / workers)),
      flip,
      loader: { scales: scaleOptions(config, sizes), classes, convention, maxPixels, pictures },
    };
    const own = new Tally(classes.length);
    const pictureOf = pictureNames(records);
    const tasks = places.map((index) => {
      const { imagePath, labelPath } = records[index]!;
      return { name: pictureOf[index]!, imagePath, labelPath: labelPath! };
    });
    const summary = (tally: Tally): Evaluation => ({
      partial: tally.images < records.length,
      images: tally.images,
      total: records.length,
      sizes,
      flip,
      engine: tally.engine,
      workers: workers * ranks,
      secondsPerImage: tally.seconds / tally.images,
      engineSecondsPerImage: tally.engineTime / 1000 / tally.images,
      ...namedScores(tally.matrix, names),
      perImage: Object.values(tally.perImage),
    });
    const tell = Array.from({ length: workers }, () => tellRarely("worker", onProgress));
    try {
      await runWorkers<EvaluationPair, WorkerInfo, ImageCounts>({
        tasks,
        workers,
        signal: anyOf(signal, group?.lost),
        start: (slot) => {
          const ofSlot: WorkerSetup = { ...setup, gpu: gpus?.[slot % gpus.length] };
          return startWorkerProcess(ownModule("./worker", import.meta.url), ofSlot);
        },
        nameOf: ({ imagePath }) => imagePath,
        onReady(info) {
          if (!own.begin(info.engine.name)) return;
          for (const note of info.notes) log(note);
        },
        onWaiting: (slot, during, seconds) => tell[slot]!({ ranks: [slot], during, seconds }),
        onDeath: (reason, where) => warn(`A worker died ${where}: it ${reason}. Another one takes its place.`),
        onResult(counts, task) {
          own.add(counts, places[task]!, tasks[task]!.imagePath);
          onProgress(scoreEvent(own.matrix, { done: own.images, total: tasks.length, seconds: own.seconds }));
        },
      });
    } catch (error) {
      if (own.images > 0 && folder !== undefined && rank === 0) {
        await saveEvaluation(folder, summary(own));
        log(
          `What was counted until then, ${own.images} of ${records.length} images, is in ${join(folder, RESULT_FILE)}.`,
        );
      }
      group?.dispose();
      throw error;
    }
    const evaluation = summary(group ? tallyOfAll(own, group) : own);
    if (folder !== undefined && rank === 0) await saveEvaluation(folder, evaluation);
    return evaluation;
  } finally {
    await removeEmpty?.();
  }
}

/** A signal that is aborted when one of them is. */
const anyOf = (...signals: (AbortSignal | undefined)[]) =>
  AbortSignal.any(signals.filter((signal) => signal !== undefined));

/** What all ranks of `mpirun` have counted. */
function tallyOfAll(own: Tally, group: MpiGroup): Tally {
  try {
    const all = new Tally(own.matrix.numClasses);
    for (const part of gatherJson(own.toJSON(), group)) all.merge(part);
    return all;
  } finally {
    group.dispose();
  }
}

/** All of `DATASET.imgSizes` if that is wanted, if they were set for this run, or if there is but one; otherwise 450. */
export function evaluationSizes({ config, settings }: Resolved, multiScale = false): readonly number[] {
  const { imgSizes } = config.DATASET;
  const chosen = multiScale || imgSizes.length === 1 || settings.get("DATASET.imgSizes")?.explicit;
  return chosen ? imgSizes : [SINGLE_SCALE];
}

function workerCount({ workers, gpus }: EvaluationOptions): number {
  const count = workers ?? gpus?.length ?? 1;
  if (Number.isInteger(count) && count > 0) return count;
  throw new PipelineError(
    "option",
    { expected: "a number of workers of at least 1", received: String(count) },
    { data: { option: "workers", received: count } },
  );
}

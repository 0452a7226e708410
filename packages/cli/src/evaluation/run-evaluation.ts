import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { checkDataset, DataError, ensureWritable, type OdgtRecord } from "@seg/ade20k-data";
import type { EngineName } from "@seg/backend";
import { ConfusionMatrix, computeScores } from "@seg/metrics";
import { classSet } from "../class-set.ts";
import type { Resolved } from "../config/resolve.ts";
import { CliError } from "../errors.ts";
import { scaleOptions } from "../scale-options.ts";
import type { WeightFiles } from "../weights/find.ts";
import { entry } from "./entry.ts";
import type { EvaluationPair, ImageCounts, WorkerInfo, WorkerSetup } from "./messages.ts";
import { evaluationRecords, type PairSources, pictureNames } from "./pairs.ts";
import { type Evaluation, type ImageScores, namedScores } from "./result.ts";
import { RESULT_FILE, saveEvaluation } from "./save.ts";
import { runWorkers } from "./worker-pool.ts";

/** How far an evaluation is. */
export interface EvaluationProgress {
  /** Labels are checked before anything is scored. */
  phase: "checking" | "scoring";
  done: number;
  total: number;
  /** Of the images scored so far. */
  pixelAccuracy: number;
  /** Of the images scored so far, over the classes that occurred. */
  meanIouPresent: number;
  /** How long the rest will take. */
  secondsLeft: number;
}

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
  onProgress?: ((progress: EvaluationProgress) => void) | undefined;
}

interface Surroundings {
  /** Finds or downloads the weights; called when photos, labels' folders and the result's folder are known to be there. */
  locate: () => Promise<WeightFiles>;
  backend: EngineName | "auto";
  log: (line: string) => void;
  /** Told of what went wrong and was got over, and of all problems but the one that is thrown. */
  warn: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** The original's size for single-scale testing. */
const SINGLE_SCALE = 450;

/**
 * Scores a network on a list of photos.
 *
 * @throws what is wrong with a photo, a label or the settings; {@link CliError} `failed` if workers keep dying; the signal's reason.
 *   What was counted until then is saved, if anything is to be.
 */
export async function runEvaluation(
  resolved: Resolved,
  options: EvaluationOptions,
  { locate, backend, log, warn, signal }: Surroundings,
): Promise<Evaluation> {
  const { config } = resolved;
  const { flip = false, gpus, result: folder, onProgress } = options;
  const sizes = evaluationSizes(resolved, options.multiScale);
  const workers = workerCount(options);
  const engineName = engineFor(backend, gpus);
  const classes = await classSet(config);
  const names = classes.map(({ name }) => name);
  if (classes.length > 255) {
    throw new CliError("config", `Expected at most 255 classes, as label files hold, but received ${classes.length}.`);
  }
  const records = (await evaluationRecords(config, options, signal)).slice(0, options.limit);
  if (folder !== undefined) await ensureWritable(folder);
  const files = await locate();
  signal?.throwIfAborted();
  await check(records, classes.length, { warn, onProgress, signal });

  const pictures = config.VAL.visualize ? folder : undefined;
  const cores = process.env.TF_NUM_INTRAOP_THREADS ? undefined : availableParallelism();
  const setup: WorkerSetup = {
    config,
    files,
    backend: engineName,
    threads: cores && Math.max(1, Math.floor(cores / workers)),
    flip,
    loader: { scales: scaleOptions(config, sizes), classes, pictures },
  };
  const matrix = new ConfusionMatrix(classes.length);
  const perImage: ImageScores[] = [];
  let images = 0;
  let engine = "";
  let engineTime = 0;
  let start = 0;
  const elapsed = () => (performance.now() - start) / 1000;
  const pictureOf = pictureNames(records);
  const tasks = records.map(({ imagePath, labelPath }, i) => ({
    name: pictureOf[i]!,
    imagePath,
    labelPath: labelPath!,
  }));
  const summary = (): Evaluation => ({
    partial: images < records.length,
    images,
    total: records.length,
    sizes,
    flip,
    engine,
    workers,
    secondsPerImage: elapsed() / images,
    engineSecondsPerImage: engineTime / 1000 / images,
    ...namedScores(matrix, names),
    perImage: Object.values(perImage),
  });
  try {
    await runWorkers<EvaluationPair, WorkerInfo, ImageCounts>({
      tasks,
      workers,
      signal,
      start: (place) => startWorker(setup, gpus?.[place % gpus.length]),
      nameOf: ({ imagePath }) => imagePath,
      onReady(info) {
        if (start > 0) return;
        start = performance.now();
        engine = info.engine.name;
        for (const note of info.notes) log(note);
      },
      onDeath: (reason, where) => warn(`A worker died ${where}: it ${reason}. Another one takes its place.`),
      onResult(counts, index) {
        const own = ConfusionMatrix.fromJSON(counts.confusion);
        const { pixelAccuracy, meanIouPresent } = computeScores(own);
        perImage[index] = { image: records[index]!.imagePath, pixelAccuracy, meanIouPresent };
        matrix.merge(own);
        images++;
        engineTime += counts.engineTime;
        onProgress?.({
          phase: "scoring",
          done: images,
          total: records.length,
          ...computeScores(matrix),
          secondsLeft: (elapsed() / images) * (records.length - images),
        });
      },
    });
  } catch (error) {
    if (images > 0 && folder !== undefined) {
      await saveEvaluation(folder, summary());
      log(`What was counted until then, ${images} of ${records.length} images, is in ${join(folder, RESULT_FILE)}.`);
    }
    throw error;
  }
  const evaluation = summary();
  if (folder !== undefined) await saveEvaluation(folder, evaluation);
  return evaluation;
}

/** All of `DATASET.imgSizes` if that is wanted, if they were set for this run, or if there is but one; otherwise 450. */
export function evaluationSizes({ config, settings }: Resolved, multiScale = false): readonly number[] {
  const { imgSizes } = config.DATASET;
  const chosen = multiScale || imgSizes.length === 1 || settings.get("DATASET.imgSizes")?.typed;
  return chosen ? imgSizes : [SINGLE_SCALE];
}

function workerCount({ workers, gpus }: EvaluationOptions): number {
  const count = workers ?? gpus?.length ?? 1;
  if (Number.isInteger(count) && count > 0) return count;
  throw new CliError("usage", `Expected a number of workers of at least 1 but received ${count}.`);
}

/** Whoever names GPUs wants them used: the only engine that takes their numbers is TensorFlow's. */
function engineFor(backend: EngineName | "auto", gpus: readonly number[] | undefined): EngineName | "auto" {
  if (!gpus) return backend;
  if (backend === "auto" || backend === "tensorflow-gpu") return "tensorflow-gpu";
  throw new CliError(
    "usage",
    `Expected --backend tensorflow-gpu with --gpus but received ${backend}: leave one of the two out.`,
  );
}

async function check(
  records: readonly OdgtRecord[],
  numClasses: number,
  { warn, onProgress, signal }: Pick<Surroundings, "warn" | "signal"> & Pick<EvaluationOptions, "onProgress">,
): Promise<void> {
  const nothing = { pixelAccuracy: Number.NaN, meanIouPresent: Number.NaN, secondsLeft: Number.NaN };
  const { problems, problemCount } = await checkDataset(records, {
    numClasses,
    ...(signal && { signal }),
    onProgress: (done, total) => onProgress?.({ phase: "checking", done, total, ...nothing }),
  });
  const [first, ...others] = problems;
  if (!first) return;
  for (const { message } of others) warn(message);
  throw problemCount > 1
    ? new DataError(first.code, `${first.message} It is the first of ${problemCount} problems.`)
    : first;
}

function startWorker(setup: WorkerSetup, gpu: number | undefined): ChildProcess {
  const child = fork(entry("worker"), [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", process.env.SEG_DEBUG === "1" ? "inherit" : "pipe", "ipc"],
    // Several workers may share a GPU; by itself TensorFlow would give all its memory to the first.
    env: {
      TF_FORCE_GPU_ALLOW_GROWTH: "true",
      ...process.env,
      ...(gpu !== undefined && { CUDA_VISIBLE_DEVICES: `${gpu}` }),
    },
  });
  // Where it is gone already, its end follows.
  child.send(setup, () => {});
  return child;
}

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { ensureWritable } from "@seg/ade20k-data";
import type { EngineName } from "@seg/backend";
import type { MpiLaunch } from "@seg/collectives";
import { computeScores } from "@seg/metrics";
import { checkRecords } from "../check-records.ts";
import { classSet } from "../class-set.ts";
import type { Resolved } from "../config/resolve.ts";
import { CliError } from "../errors.ts";
import { engineOn } from "../gpus.ts";
import { gatherJson } from "../json-over-group.ts";
import { joinRanks, processorsOf } from "../launch-of-many.ts";
import { SINGLE_SCALE, scaleOptions } from "../scale-options.ts";
import type { WeightFiles } from "../weights/find.ts";
import { entry } from "./entry.ts";
import type { EvaluationPair, ImageCounts, WorkerInfo, WorkerSetup } from "./messages.ts";
import { evaluationRecords, type PairSources, pictureNames } from "./pairs.ts";
import { type Evaluation, namedScores } from "./result.ts";
import { RESULT_FILE, saveEvaluation } from "./save.ts";
import { Tally } from "./tally.ts";
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
  /** This process's place among those that `mpirun` or `srun` started, if one did: each scores its share of the images. */
  mpi?: MpiLaunch | undefined;
}

/**
 * Scores a network on a list of photos.
 *
 * @returns the same on all ranks.
 * @throws what is wrong with a photo, a label or the settings; {@link CliError} `failed` if workers keep dying; the signal's reason.
 *   What was counted until then is saved, if anything is to be.
 */
export async function runEvaluation(
  resolved: Resolved,
  options: EvaluationOptions,
  { locate, backend, log, warn, signal, mpi }: Surroundings,
): Promise<Evaluation> {
  const { config } = resolved;
  const { flip = false, gpus, result: folder, onProgress } = options;
  const sizes = evaluationSizes(resolved, options.multiScale);
  const workers = workerCount(options);
  const engineName = engineOn(gpus, backend);
  const classes = await classSet(config);
  const names = classes.map(({ name }) => name);
  if (classes.length > 255) {
    throw new CliError("config", `Expected at most 255 classes, as label files hold, but received ${classes.length}.`);
  }
  const records = (await evaluationRecords(config, options, signal)).slice(0, options.limit);
  const { rank, size: ranks } = mpi ?? { rank: 0, size: 1 };
  const places = records.map((_, index) => index).filter((index) => index % ranks === rank);
  if (folder !== undefined) await ensureWritable(folder);
  const files = await locate();
  signal?.throwIfAborted();
  const nothing = { pixelAccuracy: Number.NaN, meanIouPresent: Number.NaN, secondsLeft: Number.NaN };
  await checkRecords(
    places.map((index) => records[index]!),
    {
      numClasses: classes.length,
      onProgress: (done, total) => onProgress?.({ phase: "checking", done, total, ...nothing }),
      warn,
      signal,
    },
  );

  const pictures = config.VAL.visualize ? folder : undefined;
  const cores = process.env.TF_NUM_INTRAOP_THREADS ? undefined : processorsOf(mpi);
  const setup: WorkerSetup = {
    config,
    files,
    backend: engineName,
    threads: cores && Math.max(1, Math.floor(cores / workers)),
    flip,
    loader: { scales: scaleOptions(config, sizes), classes, pictures },
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
  try {
    await runWorkers<EvaluationPair, WorkerInfo, ImageCounts>({
      tasks,
      workers,
      signal,
      start: (place) => startWorker(setup, gpus?.[place % gpus.length]),
      nameOf: ({ imagePath }) => imagePath,
      onReady(info) {
        if (!own.begin(info.engine.name)) return;
        for (const note of info.notes) log(note);
      },
      onDeath: (reason, where) => warn(`A worker died ${where}: it ${reason}. Another one takes its place.`),
      onResult(counts, task) {
        own.add(counts, places[task]!, tasks[task]!.imagePath);
        onProgress?.({
          phase: "scoring",
          done: own.images,
          total: tasks.length,
          ...computeScores(own.matrix),
          secondsLeft: (own.seconds / own.images) * (tasks.length - own.images),
        });
      },
    });
  } catch (error) {
    if (own.images > 0 && folder !== undefined && rank === 0) {
      await saveEvaluation(folder, summary(own));
      log(
        `What was counted until then, ${own.images} of ${records.length} images, is in ${join(folder, RESULT_FILE)}.`,
      );
    }
    throw error;
  }
  const evaluation = summary(mpi ? tallyOfAll(own) : own);
  if (folder !== undefined && rank === 0) await saveEvaluation(folder, evaluation);
  return evaluation;
}

/** What all ranks of `mpirun` have counted. */
function tallyOfAll(own: Tally): Tally {
  const group = joinRanks();
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
  const chosen = multiScale || imgSizes.length === 1 || settings.get("DATASET.imgSizes")?.typed;
  return chosen ? imgSizes : [SINGLE_SCALE];
}

function workerCount({ workers, gpus }: EvaluationOptions): number {
  const count = workers ?? gpus?.length ?? 1;
  if (Number.isInteger(count) && count > 0) return count;
  throw new CliError("usage", `Expected a number of workers of at least 1 but received ${count}.`);
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

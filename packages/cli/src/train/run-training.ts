import { type TrainOptions as DataOptions, ensureWritable, TRAIN_SOURCE, type TrainBatch } from "@seg/ade20k-data";
import { type EngineInfo, type EngineName, startEngine } from "@seg/backend";
import { DataParallelError, SeededLoader } from "@seg/data-parallel";
import type { Config } from "../config/schema.ts";
import { CliError } from "../errors.ts";
import type { LocateOptions } from "../weights/locate.ts";
import { loadHalves, restoreTrainer, saveCheckpoint } from "./checkpoint.ts";
import { listPositions, nameOf, type Position, removeCheckpoint, removeDrafts } from "./checkpoint-files.ts";
import { findFirstWeights, loadFirstWeights } from "./first-weights.ts";
import { emptyHistory, type History } from "./history.ts";
import type { TrainProgress } from "./progress.ts";
import { listedRecords } from "./records.ts";
import { rateFactor } from "./schedule.ts";
import { changedSettings, courseSettings } from "./settings.ts";
import { findStart } from "./start.ts";
import { type BatchScores, type Rates, Trainer } from "./trainer.ts";

/** How a training is begun, besides its configuration. */
export interface TrainingOptions {
  /** Go on from the last whole checkpoint in `DIR`, if there is one. */
  resume?: boolean | undefined;
  /** Begin with random weights where `MODEL.weights_encoder` names none, instead of ImageNet's. */
  fromScratch?: boolean | undefined;
  onProgress?: ((progress: TrainProgress) => void) | undefined;
}

interface Surroundings {
  backend: EngineName | "auto";
  locate: LocateOptions;
  log: (line: string) => void;
  warn: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** A training that has come to its end. */
export interface Training {
  /** The folder that holds its checkpoints. */
  folder: string;
  /** The last one's name, as `VAL.checkpoint` and `TEST.checkpoint` take it. */
  checkpoint: string;
  /** Loss and accuracy along the way. */
  history: History;
}

/**
 * Trains a configuration's networks.
 *
 * @throws {CliError} `config` or `missing` before anything is trained; `failed` if the loss is no longer a number.
 * @throws {DataError} what is wrong with a photo, a label, a list or the folder.
 * @throws the signal's reason, after a checkpoint.
 */
export async function runTraining(
  config: Config,
  { resume = false, fromScratch = false, onProgress = () => {} }: TrainingOptions,
  { backend, locate, log, warn, signal }: Surroundings,
): Promise<Training> {
  const { DIR: folder, TRAIN } = config;
  const records = await listedRecords(config, "train");
  await ensureWritable(folder);
  const start = await findStart(config, { resume, log, warn });
  const weights = start ? {} : await findFirstWeights(config, { ...locate, fromScratch });
  signal?.throwIfAborted();
  await removeDrafts(folder);

  const engine = await startEngine(backend, { log });
  const { position = { epoch: 0, iteration: 0 }, checkpoint } = start ?? {};
  const settings = courseSettings(config);
  const trainer = await Trainer.create(config, (encoder, decoder) => {
    const models = { encoder, decoder };
    return start ? loadHalves(folder, position, models) : loadFirstWeights(models, weights);
  });
  try {
    if (checkpoint) {
      restoreTrainer(trainer, checkpoint);
      for (const change of changedSettings(checkpoint.settings, settings))
        warn(`Since ${nameOf(position)}, ${change}.`);
      if (checkpoint.engine !== nameOfEngine(engine)) {
        warn(
          `${nameOf(position)} was computed by ${checkpoint.engine}, not ${nameOfEngine(engine)}: the last bits will differ.`,
        );
      }
    }
    if (start) log(`Going on from ${nameOf(position)} in ${folder}.`);
    const history = checkpoint?.history ?? emptyHistory();
    if (position.epoch < TRAIN.num_epoch) {
      const loader = new SeededLoader<TrainBatch, DataOptions>({
        module: TRAIN_SOURCE,
        options: dataOptions(config, records),
        seed: TRAIN.seed,
        workers: TRAIN.workers,
        epochLength: TRAIN.epoch_iters * TRAIN.accumulate,
        start: { epoch: position.epoch, iteration: position.iteration * TRAIN.accumulate },
      });
      try {
        const notes = { settings, engine: nameOfEngine(engine) };
        const save = async (now: Position) => {
          const files = await saveCheckpoint(folder, trainer, history, { position: now, ...notes });
          onProgress({ type: "checkpoint", ...now, folder, files });
          await tidyUp(folder, now, TRAIN.keep);
        };
        await runEpochs({ config, trainer, loader, history, position, save, onProgress, signal });
      } finally {
        await loader.dispose();
      }
    } else log(`All ${TRAIN.num_epoch} epochs are done.`);
    const end = { epoch: Math.max(position.epoch, TRAIN.num_epoch), iteration: 0 };
    return { folder, checkpoint: `${nameOf(end)}.pth`, history };
  } finally {
    trainer.dispose();
  }
}

const nameOfEngine = ({ name, version, tensorflow, threads }: EngineInfo) =>
  `${name} ${tensorflow ?? version} on ${threads} ${threads === 1 ? "thread" : "threads"}`;

function dataOptions({ DATASET, MODEL, TRAIN }: Config, records: DataOptions["records"]): DataOptions {
  return {
    records,
    batchSize: TRAIN.batch_size_per_gpu,
    sizes: DATASET.imgSizes,
    maxSize: DATASET.imgMaxSize,
    paddingConstant: DATASET.padding_constant,
    segmDownsamplingRate: DATASET.segm_downsampling_rate,
    randomFlip: DATASET.random_flip,
    padLabel: DATASET.padLabel,
    inputFormat: MODEL.inputFormat,
    numClasses: DATASET.num_class,
  };
}

interface Run {
  config: Config;
  trainer: Trainer;
  loader: SeededLoader<TrainBatch, DataOptions>;
  history: History;
  position: Position;
  save: (position: Position) => Promise<void>;
  onProgress: (progress: TrainProgress) => void;
  signal: AbortSignal | undefined;
}

async function runEpochs(run: Run): Promise<void> {
  const { num_epoch } = run.config.TRAIN;
  for (let { epoch, iteration } = run.position; epoch < num_epoch; epoch++, iteration = 0) {
    await runEpoch(run, epoch, iteration);
    await run.save({ epoch: epoch + 1, iteration: 0 });
    run.signal?.throwIfAborted();
  }
}

async function runEpoch(run: Run, epoch: number, first: number): Promise<void> {
  const { config, trainer, history, save, onProgress, signal } = run;
  const { epoch_iters, num_epoch, disp_iter, lr_encoder, lr_decoder } = config.TRAIN;
  const means = { time: new Mean(), data: new Mean(), loss: new Mean(), accuracy: new Mean() };
  for (let iteration = first; iteration < epoch_iters; iteration++) {
    const begin = performance.now();
    const factor = rateFactor(epoch * epoch_iters + iteration, config.TRAIN);
    const rates = { encoder: lr_encoder * factor, decoder: lr_decoder * factor };
    let scores: BatchScores & { waited: number };
    try {
      scores = await runIteration(run, { epoch, iteration }, rates);
    } catch (error) {
      trainer.discard();
      // What was learned until a photo turned out to be broken need not be learned again.
      if (iteration > 0 && error instanceof DataParallelError) await save({ epoch, iteration });
      throw error instanceof DataParallelError && error.code === "sample" ? (error.cause ?? error) : error;
    }
    means.time.add((performance.now() - begin) / 1000);
    means.data.add(scores.waited / 1000);
    means.loss.add(scores.loss);
    means.accuracy.add(scores.accuracy);
    const printed = iteration % disp_iter === 0;
    if (printed) {
      history.train.epoch.push(epoch + iteration / epoch_iters);
      history.train.loss.push(scores.loss);
      history.train.acc.push(scores.accuracy);
    }
    onProgress({
      type: "iteration",
      epoch: epoch + 1,
      epochs: num_epoch,
      iteration,
      iterations: epoch_iters,
      printed,
      time: means.time.value,
      data: means.data.value,
      lrEncoder: rates.encoder,
      lrDecoder: rates.decoder,
      accuracy: means.accuracy.value,
      loss: means.loss.value,
      secondsLeft: means.time.value * ((num_epoch - epoch) * epoch_iters - iteration - 1),
    });
    if (signal?.aborted && iteration + 1 < epoch_iters) {
      await save({ epoch, iteration: iteration + 1 });
      signal.throwIfAborted();
    }
  }
}

/** One update of the weights. */
async function runIteration(
  { config, trainer, loader }: Run,
  { epoch, iteration }: Position,
  rates: Rates,
): Promise<BatchScores & { waited: number }> {
  const { accumulate } = config.TRAIN;
  const sum = { loss: 0, accuracy: 0, waited: 0 };
  for (let i = 0; i < accumulate; i++) {
    const begin = performance.now();
    const batch = await loader.next();
    sum.waited += performance.now() - begin;
    const { loss, accuracy } = await trainer.add(batch);
    if (!Number.isFinite(loss)) {
      throw new CliError(
        "failed",
        `Expected a finite loss but it is ${loss} in iteration ${iteration} of epoch ${epoch + 1}, on ${batch.files.join(", ")}: ` +
          "look at these photos, lower TRAIN.lr_encoder and TRAIN.lr_decoder or set TRAIN.clip_norm, and go on from the last checkpoint with --resume.",
      );
    }
    sum.loss += loss / accumulate;
    sum.accuracy += accuracy / accumulate;
  }
  trainer.update(rates);
  return sum;
}

/** Removes the checkpoints that a later one makes needless. */
async function tidyUp(folder: string, now: Position, keep: number): Promise<void> {
  const isBefore = (position: Position) =>
    position.epoch < now.epoch || (position.epoch === now.epoch && position.iteration < now.iteration);
  for (const position of await listPositions(folder, "trainer")) {
    const old = position.iteration > 0 || (keep > 0 && position.epoch <= now.epoch - keep);
    if (old && isBefore(position)) await removeCheckpoint(folder, position);
  }
}

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count++;
  }

  get value(): number {
    return this.#sum / this.#count;
  }
}

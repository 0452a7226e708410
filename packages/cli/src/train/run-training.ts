import { join } from "node:path";
import { type TrainOptions as DataOptions, ensureWritable, TRAIN_SOURCE, type TrainBatch } from "@seg/ade20k-data";
import { type EngineInfo, type EngineName, startEngine } from "@seg/backend";
import { SeededLoader } from "@seg/data-parallel";
import { classSet } from "../class-set.ts";
import type { Config } from "../config/schema.ts";
import { listedRecords } from "../listed-records.ts";
import type { LocateOptions } from "../weights/locate.ts";
import { withLock } from "../weights/lock.ts";
import { loadHalves, restoreTrainer, saveCheckpoint } from "./checkpoint.ts";
import { allPositions, nameOf, type Position, removeCheckpoint, removeDrafts } from "./checkpoint-files.ts";
import { runEpochs } from "./epochs.ts";
import { findFirstWeights, loadFirstWeights } from "./first-weights.ts";
import { emptyHistory, type History } from "./history.ts";
import { Observer } from "./observer.ts";
import type { TrainProgress } from "./progress.ts";
import { changedSettings, checkSettings, courseSettings } from "./settings.ts";
import { ensureSpace } from "./space.ts";
import { findStart } from "./start.ts";
import { Trainer } from "./trainer.ts";
import { Validation } from "./validation.ts";
import type { ValidationScores } from "./validation-files.ts";

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
  /** Scores on `DATASET.list_val`, where they were wanted, epoch by epoch. */
  validation: readonly ValidationScores[];
}

/** Keeps a second training out of the folder. */
const LOCK = ".training.lock";

/**
 * Trains a configuration's networks.
 *
 * @throws {CliError} `config` or `missing` before anything is trained; `failed` if the loss is no longer a number.
 * @throws {DataError} what is wrong with a photo, a label, a list or the folder.
 * @throws the signal's reason, after a checkpoint.
 */
export async function runTraining(
  config: Config,
  options: TrainingOptions,
  surroundings: Surroundings,
): Promise<Training> {
  const { DIR: folder } = config;
  // What is quickly found wrong is told before anything is downloaded, loaded or written.
  await classSet(config);
  const records = await listedRecords(config, "train");
  await ensureWritable(folder);
  const { signal, log } = surroundings;
  const onWait = () => log(`Another training is at work in ${folder}, or was until just now: waiting for its end.`);
  return withLock(join(folder, LOCK), () => trainIn(config, records, options, surroundings), {
    onWait,
    ...(signal && { signal }),
  });
}

async function trainIn(
  config: Config,
  records: DataOptions["records"],
  { resume = false, fromScratch = false, onProgress = () => {} }: TrainingOptions,
  { backend, locate, log, warn, signal }: Surroundings,
): Promise<Training> {
  const { DIR: folder, TRAIN } = config;
  const settings = await courseSettings(config);
  const start = await findStart(config, { resume, log, warn });
  if (start?.checkpoint) checkSettings(start.checkpoint, settings);
  const weights = start ? {} : await findFirstWeights(config, { ...locate, fromScratch });
  const validation = await Validation.create(config, { warn, signal });
  signal?.throwIfAborted();
  await removeDrafts(folder);

  const info = await startEngine(backend, { log });
  const engine = nameOfEngine(info);
  const { position = { epoch: 0, iteration: 0 }, checkpoint } = start ?? {};
  const trainer = await Trainer.create(config, (encoder, decoder) => {
    const models = { encoder, decoder };
    return start ? loadHalves(folder, position, models) : loadFirstWeights(models, weights);
  });
  try {
    if (checkpoint) {
      restoreTrainer(trainer, checkpoint);
      for (const change of changedSettings(checkpoint.settings, settings)) {
        warn(`Since ${nameOf(position)}, ${change}: the training takes another course.`);
      }
      if (checkpoint.engine !== engine) {
        warn(`${nameOf(position)} was computed by ${checkpoint.engine}, not ${engine}: the last bits will differ.`);
      }
    }
    if (start) log(`Going on from ${nameOf(position)} in ${folder}.`);
    const history = checkpoint?.history ?? emptyHistory();
    const firstStep = position.epoch * TRAIN.epoch_iters + position.iteration;
    const observing = { config, history, engine: info.name, firstStep, validation, onProgress, warn, signal };
    const observer = await Observer.create(observing);
    const save = async (now: Position) => {
      const files = await saveCheckpoint(folder, trainer, history, { position: now, settings, engine });
      onProgress({ type: "checkpoint", ...now, folder, files });
      await tidyUp(folder, now, TRAIN.keep);
    };
    try {
      if (position.epoch < TRAIN.num_epoch) {
        await ensureSpace(folder, trainer.bytes);
        const loader = startLoader(config, records, position);
        try {
          await runEpochs({
            config,
            trainer,
            loader,
            position,
            onIteration: (progress, own) => observer.iteration(progress, own),
            save: (now) =>
              save(now).catch((error) => {
                // An interrupt is all that would be told otherwise.
                if (signal?.aborted) warn(`Nothing was saved: ${(error as Error).message}`);
                throw error;
              }),
            afterEpoch: (epoch) => observer.afterEpoch(trainer, epoch),
            signal,
          });
        } finally {
          await loader.dispose();
        }
      } else {
        log(`All ${TRAIN.num_epoch} epochs are done.`);
        await observer.afterEpoch(trainer, position.epoch);
      }
    } finally {
      await observer.draw();
      observer.close();
    }
    const end = { epoch: Math.max(position.epoch, TRAIN.num_epoch), iteration: 0 };
    return { folder, checkpoint: `${nameOf(end)}.pth`, history, validation: observer.evaluations };
  } finally {
    trainer.dispose();
  }
}

const nameOfEngine = ({ name, version, tensorflow, threads }: EngineInfo) =>
  `${name} ${tensorflow ?? version} on ${threads} ${threads === 1 ? "thread" : "threads"}`;

function startLoader(
  config: Config,
  records: DataOptions["records"],
  { epoch, iteration }: Position,
): SeededLoader<TrainBatch, DataOptions> {
  const { seed, workers, epoch_iters, accumulate } = config.TRAIN;
  return new SeededLoader({
    module: TRAIN_SOURCE,
    options: dataOptions(config, records),
    seed,
    workers,
    epochLength: epoch_iters * accumulate,
    start: { epoch, iteration: iteration * accumulate },
  });
}

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

/** Removes the checkpoints that a later one makes needless. */
async function tidyUp(folder: string, now: Position, keep: number): Promise<void> {
  const isBefore = (position: Position) =>
    position.epoch < now.epoch || (position.epoch === now.epoch && position.iteration < now.iteration);
  for (const position of await allPositions(folder)) {
    const old = position.iteration > 0 || (keep > 0 && position.epoch <= now.epoch - keep);
    if (old && isBefore(position)) await removeCheckpoint(folder, position);
  }
}

import { writeImage } from "@seg/ade20k-data";
import type { Config } from "../config/schema.ts";
import type { History } from "./history.ts";
import { Journal } from "./journal.ts";
import type { IterationProgress, TrainProgress } from "./progress.ts";
import type { BatchScores, Trainer } from "./trainer.ts";
import type { Validation } from "./validation.ts";
import {
  bestOf,
  copyBest,
  pictureFile,
  readEvaluations,
  removeLater,
  saveEpochEvaluation,
  type ValidationScores,
} from "./validation-files.ts";

/** What an {@link Observer} works with. */
export interface ObserverOptions {
  config: Config;
  history: History;
  /** The engine's name. */
  engine: string;
  /** The iteration that the training goes on from, counted over all epochs. */
  firstStep: number;
  validation: Validation | undefined;
  onProgress: (progress: TrainProgress) => void;
  warn: (line: string) => void;
  signal: AbortSignal | undefined;
}

/**
 * Looks on while a training runs: keeps its history, draws it, scores and shows the network after epochs, and sets the best one apart.
 * What it does has no effect on the training's course.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #journal: Journal;
  #evaluations: readonly ValidationScores[];

  /** Takes up where the training in the folder `DIR` is; what is there of later epochs goes. */
  static async create(options: ObserverOptions): Promise<Observer> {
    const { DIR, TRAIN } = options.config;
    await removeLater(DIR, Math.floor(options.firstStep / TRAIN.epoch_iters));
    return new Observer(options, await readEvaluations(DIR));
  }

  private constructor(options: ObserverOptions, evaluations: readonly ValidationScores[]) {
    const { config, firstStep, warn } = options;
    this.#options = options;
    this.#evaluations = evaluations;
    this.#journal = new Journal(config.DIR, { firstStep, warn });
  }

  /** The scores on `DATASET.list_val` so far. */
  get evaluations(): readonly ValidationScores[] {
    return this.#evaluations;
  }

  /** Keeps an iteration's own scores if it is one of those that are printed. */
  iteration(progress: IterationProgress, { loss, accuracy }: BatchScores): void {
    const { history, onProgress } = this.#options;
    if (progress.printed) {
      const { iteration, iterations, time, lrEncoder, lrDecoder } = progress;
      const epoch = progress.epoch - 1;
      history.train.epoch.push(epoch + iteration / iterations);
      history.train.loss.push(loss);
      history.train.acc.push(accuracy);
      this.#journal.scalars(epoch * iterations + iteration, {
        "train/loss": loss,
        "train/accuracy": accuracy,
        "rate/encoder": lrEncoder,
        "rate/decoder": lrDecoder,
        "time/iteration": time,
      });
    }
    onProgress(progress);
  }

  /** Shows and scores the network of an epoch's checkpoint, where that is wanted and not done yet. */
  async afterEpoch(trainer: Trainer, epoch: number): Promise<void> {
    const { validation } = this.#options;
    const done = validation?.isDone(epoch);
    if (validation && done && !(done.picture && done.scores)) {
      const network = trainer.inference();
      try {
        if (!done.picture) await this.#show(validation, network, epoch);
        if (!done.scores) await this.#score(validation, network, epoch);
      } finally {
        network.dispose();
      }
    }
    await this.draw();
  }

  /** Draws the course so far. */
  async draw(): Promise<void> {
    const { history, config } = this.#options;
    const title = `${config.MODEL.arch_encoder} + ${config.MODEL.arch_decoder}`;
    await this.#journal.draw(history, this.#evaluations, { epochs: config.TRAIN.num_epoch, title });
  }

  close(): void {
    this.#journal.close();
  }

  async #show(validation: Validation, network: ReturnType<Trainer["inference"]>, epoch: number): Promise<void> {
    try {
      const picture = await validation.picture(network);
      await this.#journal.picture(this.#lastStep(epoch), "validation/picture", picture);
      // The last of what is to be done: it tells that the rest is.
      await writeImage(pictureFile(this.#options.config.DIR, epoch), picture);
    } catch (error) {
      this.#options.warn(`There is no validation picture after epoch ${epoch}: ${(error as Error).message}`);
    }
  }

  async #score(validation: Validation, network: ReturnType<Trainer["inference"]>, epoch: number): Promise<void> {
    const { config, engine, onProgress, signal } = this.#options;
    const evaluation = await validation.evaluate(network, epoch, {
      engine,
      signal,
      onProgress: (done, total) => onProgress({ type: "scoring", epoch, done, total }),
    });
    const { meanIou, pixelAccuracy } = evaluation;
    this.#evaluations = [...this.#evaluations, { epoch, meanIou, pixelAccuracy }];
    const best = bestOf(this.#evaluations)?.epoch === epoch;
    if (best) await copyBest(config.DIR, epoch);
    this.#journal.scalars(this.#lastStep(epoch), {
      "validation/mean_iou": meanIou,
      "validation/accuracy": pixelAccuracy,
    });
    // The last of what is to be done: it tells that the rest is.
    await saveEpochEvaluation(config.DIR, evaluation);
    onProgress({ type: "validation", epoch, meanIou, pixelAccuracy, shortSide: validation.shortSide, best });
  }

  // The last iteration of the epoch: a training that goes on from its end does not take this one back.
  #lastStep(epoch: number): number {
    return epoch * this.#options.config.TRAIN.epoch_iters - 1;
  }
}

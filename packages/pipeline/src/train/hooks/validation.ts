import { writeImage } from "@seg/ade20k-data";
import type { InferenceModel } from "@seg/layers";
import type { Config } from "@seg/segmenter/config";
import type { Context } from "../../context.ts";
import type { Trainer } from "../trainer.ts";
import type { EpochEvaluation, Hook } from "./hooks.ts";
import { bestOf, pictureFile, saveEpochEvaluation, type ValidationScores } from "./validation-files.ts";
import type { ValidationSet } from "./validation-set.ts";

/** What a {@link ValidationHook} works with. */
export interface ValidationHookOptions {
  config: Config;
  validation: ValidationSet;
  trainer: Trainer;
  /** The engine's name. */
  engine: string;
  /** The scores of epochs so far; what is found is added. */
  evaluations: ValidationScores[];
  /** Told of what is found. */
  afterEvaluation: (evaluation: EpochEvaluation) => Promise<void>;
  context: Context;
}

/** After each epoch, pictures what the network sees in a photo, and scores it where that is due; unless it is done already. */
export class ValidationHook implements Hook {
  readonly #options: ValidationHookOptions;

  constructor(options: ValidationHookOptions) {
    this.#options = options;
  }

  async afterCheckpoint(epoch: number): Promise<void> {
    const { validation, trainer } = this.#options;
    const done = validation.isDone(epoch);
    if (done.picture && done.scores) return;
    const network = await trainer.inference();
    try {
      if (!done.picture) await this.#picture(network, epoch);
      if (!done.scores) await this.#score(network, epoch);
    } finally {
      network.dispose();
    }
  }

  async #picture(network: InferenceModel, epoch: number): Promise<void> {
    const { config, validation, afterEvaluation, context } = this.#options;
    try {
      const picture = await validation.picture(network);
      await afterEvaluation({ kind: "picture", epoch, picture });
      // Written last: its existence tells that the rest is done.
      await writeImage(pictureFile(config.DIR, epoch), picture);
    } catch (error) {
      context.warn(`There is no validation picture after epoch ${epoch}: ${(error as Error).message}`);
    }
  }

  async #score(network: InferenceModel, epoch: number): Promise<void> {
    const { config, validation, engine, evaluations, afterEvaluation, context } = this.#options;
    const evaluation = await validation.evaluate(network, epoch, { engine, context });
    const { meanIou, pixelAccuracy } = evaluation;
    const scores = { epoch, meanIou, pixelAccuracy };
    evaluations.push(scores);
    const best = bestOf(evaluations) === scores;
    await afterEvaluation({ kind: "scores", epoch, scores, best });
    // Written last: its existence tells that the rest is done.
    await saveEpochEvaluation(config.DIR, evaluation);
    const { shortSide } = validation;
    context.onProgress({ type: "validation", epoch, meanIou, pixelAccuracy, shortSide, best });
  }
}

import type { Config } from "@seg/segmenter/config";
import sharp from "sharp";
import type { IterationEvent } from "../../events.ts";
import { EventFile } from "./event-file.ts";
import type { EpochEvaluation, Hook } from "./hooks.ts";

/** Writes events for TensorBoard; where they cannot be written, `warn` is told once. */
export class TensorBoardHook implements Hook {
  readonly #folder: string;
  readonly #epochIters: number;
  readonly #warn: (line: string) => void;
  #events: EventFile | undefined;

  /** @param firstStep - the iteration that the training goes on from, counted over all epochs. */
  constructor({ DIR, TRAIN }: Config, firstStep: number, warn: (line: string) => void) {
    this.#folder = DIR;
    this.#epochIters = TRAIN.epoch_iters;
    this.#warn = warn;
    this.#try(() => {
      this.#events = new EventFile(DIR, firstStep);
    });
  }

  afterStep(
    means: IterationEvent,
    { loss, accuracy, labelled = true }: Parameters<NonNullable<Hook["afterStep"]>>[1],
  ): void {
    const { printed, epoch, iteration, iterations, lrEncoder, lrDecoder, time } = means;
    if (!printed) return;
    this.#scalars((epoch - 1) * iterations + iteration, {
      ...(labelled && { "train/loss": loss, "train/accuracy": accuracy }),
      "rate/encoder": lrEncoder,
      "rate/decoder": lrDecoder,
      "time/iteration": time,
    });
  }

  async afterEvaluation(evaluation: EpochEvaluation): Promise<void> {
    // The last iteration of the epoch: a training that goes on from its end does not take this one back.
    const step = evaluation.epoch * this.#epochIters - 1;
    if (evaluation.kind === "scores") {
      const { meanIou, pixelAccuracy } = evaluation.scores;
      this.#scalars(step, { "validation/mean_iou": meanIou, "validation/accuracy": pixelAccuracy });
      return;
    }
    const { data, width, height } = evaluation.picture;
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    this.#try(() => this.#events?.image(step, "validation/picture", { png, width, height }));
  }

  atEnd(): void {
    this.#events?.close();
    this.#events = undefined;
  }

  #scalars(step: number, values: Readonly<Record<string, number>>): void {
    this.#try(() => this.#events?.scalars(step, values));
  }

  #try(write: () => void): void {
    try {
      write();
    } catch (error) {
      const why = (error as Error).message;
      this.#warn(`TensorBoard's events cannot be written to ${this.#folder} (${why}): going on without them.`);
      this.atEnd();
    }
  }
}

import { join } from "node:path";
import { writeFileAtomic } from "@seg/node";
import type { Config } from "@seg/segmenter/config";
import type { IterationEvent } from "../../events.ts";
import { historySvg } from "../../pictures/history-svg.ts";
import type { OwnFolder } from "../own-folder.ts";
import type { Hook } from "./hooks.ts";
import type { ValidationScores } from "./validation-files.ts";

/** What a training was like, as the original keeps it: one entry for each printed line. */
export interface History {
  train: {
    /** Epochs done, fractions included. */
    epoch: number[];
    /** Of that iteration alone. */
    loss: number[];
    /** Pixel accuracy of that iteration alone, in [0, 1]. */
    acc: number[];
  };
}

/** The history of a training that has not begun. */
export const emptyHistory = (): History => ({ train: { epoch: [], loss: [], acc: [] } });

/** The picture of a history, in the training's folder. */
export const HISTORY_PICTURE = "history.svg";

/** Keeps the history of a training, and draws it after each epoch and at the end. */
export class HistoryHook implements Hook {
  readonly history: History;
  readonly #evaluations: readonly ValidationScores[];
  readonly #config: Config;
  readonly #folder: OwnFolder;
  readonly #warn: (line: string) => void;

  /**
   * @param history - up to where the training begins; grows with it.
   * @param evaluations - the scores of epochs so far; others add to them.
   */
  constructor(
    config: Config,
    history: History,
    evaluations: readonly ValidationScores[],
    folder: OwnFolder,
    warn: (line: string) => void,
  ) {
    this.#config = config;
    this.history = history;
    this.#evaluations = evaluations;
    this.#folder = folder;
    this.#warn = warn;
  }

  afterStep(
    { printed, epoch, iteration, iterations }: IterationEvent,
    { loss, accuracy, labelled = true }: Parameters<NonNullable<Hook["afterStep"]>>[1],
  ): void {
    if (!printed || !labelled) return;
    const { train } = this.history;
    train.epoch.push(epoch - 1 + iteration / iterations);
    train.loss.push(loss);
    train.acc.push(accuracy);
  }

  async afterCheckpoint(): Promise<void> {
    if (!(await this.#folder.isThere())) return;
    const { DIR, MODEL, TRAIN } = this.#config;
    const title = `${MODEL.arch_encoder} + ${MODEL.arch_decoder}`;
    const svg = historySvg(this.history, this.#evaluations, { epochs: TRAIN.num_epoch, title });
    await writeFileAtomic(join(DIR, HISTORY_PICTURE), svg, { makeFolder: false }).catch((error) =>
      this.#warn(error.message),
    );
  }

  async atEnd(): Promise<void> {
    await this.afterCheckpoint();
  }
}

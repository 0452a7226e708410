import type { Config } from "@seg/segmenter/config";
import { HALVES } from "@seg/segmenter/config";
import type { Context } from "../../context.ts";
import { saveCheckpoint } from "../checkpoint.ts";
import { listPositions, type Position, setAside } from "../checkpoint-files.ts";
import { type CheckpointNotes, removeOwn } from "../checkpoint-state.ts";
import type { OwnFolder } from "../own-folder.ts";
import type { Trainer } from "../trainer.ts";
import type { History } from "./history.ts";
import type { EpochEvaluation, Hook } from "./hooks.ts";
import { bestFile, copyBest, readEvaluations } from "./validation-files.ts";

/** Saves the training after each epoch, within epochs if asked to, and where it ends early; sets the best network apart, and removes what is no longer needed. */
export class CheckpointHook implements Hook {
  readonly #config: Config;
  readonly #trainer: Trainer;
  readonly #history: History;
  readonly #notes: Omit<CheckpointNotes, "position">;
  readonly #folder: OwnFolder;
  readonly #context: Context;

  constructor(
    config: Config,
    trainer: Trainer,
    history: History,
    notes: Omit<CheckpointNotes, "position">,
    folder: OwnFolder,
    context: Context,
  ) {
    this.#config = config;
    this.#trainer = trainer;
    this.#history = history;
    this.#notes = notes;
    this.#folder = folder;
    this.#context = context;
  }

  async afterEpoch(epoch: number): Promise<void> {
    await this.#save({ epoch, iteration: 0 });
  }

  async onSave(position: Position): Promise<void> {
    await this.#save(position);
  }

  async afterEvaluation(evaluation: EpochEvaluation): Promise<void> {
    if (evaluation.kind !== "scores" || !evaluation.best) return;
    const { DIR: folder } = this.#config;
    // Scoring may have taken long.
    await this.#folder.check();
    // Before a training's first evaluation it has no best networks.
    if ((await readEvaluations(folder)).length === 0) {
      const aside = await setAside(HALVES.map((half) => bestFile(folder, half)));
      for (const file of aside) this.#context.warn(`What was there from elsewhere is now ${file}.`);
    }
    await copyBest(folder, evaluation.epoch);
  }

  async #save(position: Position): Promise<void> {
    const { DIR: folder, TRAIN } = this.#config;
    const { onProgress, warn, signal } = this.#context;
    try {
      await this.#folder.check();
      const files = await saveCheckpoint(folder, this.#trainer, this.#history, { position, ...this.#notes }, warn);
      const { epoch, iteration } =
        position.iteration === 0
          ? { epoch: position.epoch, iteration: TRAIN.epoch_iters }
          : { epoch: position.epoch + 1, iteration: position.iteration };
      onProgress({ type: "checkpoint", epoch, iteration, folder, files });
      await removeOld(folder, position, TRAIN.keep);
    } catch (error) {
      // An interrupt is all that would be told otherwise.
      if (signal?.aborted) warn(`Nothing was saved: ${(error as Error).message}`);
      throw error;
    }
  }
}

/** Removes the checkpoints that a later one makes needless; networks from elsewhere, and those that lost their trainer file, stay. */
async function removeOld(folder: string, now: Position, keep: number): Promise<void> {
  const isBefore = (position: Position) =>
    position.epoch < now.epoch || (position.epoch === now.epoch && position.iteration < now.iteration);
  for (const position of await listPositions(folder, "trainer")) {
    const old = position.iteration > 0 || (keep > 0 && position.epoch <= now.epoch - keep);
    if (old && isBefore(position)) await removeOwn(folder, position);
  }
}

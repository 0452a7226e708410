import type { RgbImage } from "@seg/ade20k-data";
import type { IterationEvent } from "../../events.ts";
import type { Position } from "../checkpoint-files.ts";
import type { BatchScores } from "../trainer.ts";
import type { ValidationScores } from "./validation-files.ts";

/** What the network of an epoch was found to do: a picture, or scores on `DATASET.list_val`. */
export type EpochEvaluation =
  | { kind: "picture"; epoch: number; picture: RgbImage }
  | { kind: "scores"; epoch: number; scores: ValidationScores; best: boolean };

/**
 * Something that rank 0 does beside training, without effect on the training's course, unless it wants it to end. Epochs are counted from 1; the other ranks wait
 * meanwhile, but for `afterStep`.
 */
export interface Hook {
  /** After a step: means over the epoch so far, and the step's own scores, which say nothing where no pixel was labelled. */
  afterStep?(means: IterationEvent, scores: BatchScores & { labelled?: boolean }): void;
  /** An epoch's last step is done; nothing of it is saved before. */
  afterEpoch?(epoch: number): Promise<void>;
  /** An epoch's checkpoint is written, or the training goes on from it. */
  afterCheckpoint?(epoch: number): Promise<void>;
  /** The network of an epoch was looked at. */
  afterEvaluation?(evaluation: EpochEvaluation): Promise<void> | void;
  /** An epoch's checkpoint is written and looked at: whether the training is to end with it. */
  wantsEnd?(): boolean;
  /** A position within an epoch is to be saved: by `TRAIN.save_every_iters`, or because the training ends early. */
  onSave?(position: Position): Promise<void>;
  /** The training is over, for whatever reason. */
  atEnd?(): Promise<void> | void;
}

/** Hooks as one, called in their order. */
export class Hooks implements Required<Hook> {
  readonly #hooks: readonly Hook[];

  constructor(hooks: readonly Hook[] = []) {
    this.#hooks = hooks;
  }

  afterStep(means: IterationEvent, scores: BatchScores & { labelled?: boolean }): void {
    for (const hook of this.#hooks) hook.afterStep?.(means, scores);
  }

  async afterEpoch(epoch: number): Promise<void> {
    for (const hook of this.#hooks) await hook.afterEpoch?.(epoch);
  }

  async afterCheckpoint(epoch: number): Promise<void> {
    for (const hook of this.#hooks) await hook.afterCheckpoint?.(epoch);
  }

  async afterEvaluation(evaluation: EpochEvaluation): Promise<void> {
    for (const hook of this.#hooks) await hook.afterEvaluation?.(evaluation);
  }

  wantsEnd(): boolean {
    return this.#hooks.some((hook) => hook.wantsEnd?.() ?? false);
  }

  async onSave(position: Position): Promise<void> {
    for (const hook of this.#hooks) await hook.onSave?.(position);
  }

  async atEnd(): Promise<void> {
    for (const hook of this.#hooks) await hook.atEnd?.();
  }
}

import type { Hook } from "./hooks.ts";
import { bestOf, type ValidationScores } from "./validation-files.ts";

/** Ends a training when as many evaluations one after the other as `TRAIN.early_stop` says have brought no better mean IoU. */
export class EarlyStopHook implements Hook {
  readonly #patience: number;
  readonly #evaluations: readonly ValidationScores[];
  readonly #log: (line: string) => void;

  /** @param evaluations - the scores of epochs so far, in their order; others add to them. */
  constructor(patience: number, evaluations: readonly ValidationScores[], log: (line: string) => void) {
    this.#patience = patience;
    this.#evaluations = evaluations;
    this.#log = log;
  }

  wantsEnd(): boolean {
    const best = bestOf(this.#evaluations);
    if (!best) return false;
    const since = this.#evaluations.filter(({ epoch }) => epoch > best.epoch).length;
    if (since < this.#patience) return false;
    const score = `mean IoU ${best.meanIou.toFixed(4)} after epoch ${best.epoch}`;
    this.#log(
      `Ending after epoch ${this.#evaluations.at(-1)!.epoch}: ${since === 1 ? "the last evaluation was" : `the last ${since} evaluations were`} no better than the ${score} (TRAIN.early_stop ${this.#patience}).`,
    );
    return true;
  }
}

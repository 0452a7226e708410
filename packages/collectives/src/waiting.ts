/** A wait for other ranks that takes long, which may be as it should or because they were stopped. */
export interface Waiting {
  /** The ranks that have not come. */
  readonly ranks: readonly number[];
  /** The call that the others are in, such as `allReduce`. */
  readonly during: string;
  /** How long the wait has taken. */
  readonly seconds: number;
}

/** Who is told of long waits, and when. */
export interface WaitingOptions {
  /**
   * Told of a wait when it has taken `waitingMs`, and again each time that it has taken as much more; on one rank of those that wait, the
   * lowest. It is called in the middle of the wait, while the thread is blocked, and may not call the group.
   */
  onWaiting?: ((waiting: Waiting) => void) | undefined;
  /** Milliseconds; 10 000 unless given. */
  waitingMs?: number | undefined;
}

/** Default of `waitingMs`. */
const WAITING_MS = 10_000;

/** Tells of a group's long waits. */
export class WaitingTeller {
  readonly #rank: number;
  readonly #tell: ((waiting: Waiting) => void) | undefined;
  readonly #everyMs: number;

  constructor(rank: number, { onWaiting, waitingMs = WAITING_MS }: WaitingOptions) {
    this.#rank = rank;
    this.#tell = onWaiting;
    this.#everyMs = waitingMs;
  }

  /** What is to be called now and then during one wait, with the time that it has taken and the ranks that are missing. */
  begin(during: string): (ms: number, missing: readonly number[]) => void {
    let next = this.#everyMs;
    return (ms, missing) => {
      if (!this.#tell || ms < next || missing.length === 0) return;
      next = ms + this.#everyMs;
      if (lowestPresent(missing) === this.#rank)
        this.#tell({ ranks: [...missing], during, seconds: Math.round(ms / 1000) });
    };
  }
}

/** The lowest rank that is not missing: others would say the same. */
function lowestPresent(missing: readonly number[]): number {
  let rank = 0;
  while (missing.includes(rank)) rank++;
  return rank;
}

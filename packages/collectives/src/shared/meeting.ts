import { availableParallelism } from "node:os";
import type { CollectiveError } from "../errors.ts";
import { deadError, timeoutError } from "../failures.ts";
import { COMPLETE, FAILURE, JOINED, LEFT, lineOf, SLEEPERS, STATE, STEP } from "./layout.ts";
import type { Sleeper } from "./sleeper.ts";

/** How long a rank looks out for the others before it sleeps: a few times what waking up takes, or one late rank would send all to sleep in turn. */
const SPIN_MS = 0.2;

/** After so many times in vain a rank looks out only at every so many-th step. */
const VAIN = 2;
const TRY_EVERY = 16;

/** How long a rank sleeps before it sees whether the others are still alive. */
const NAP_MS = 50;

/** The codes of a failure that concerns all, by the number that stands for them in shared memory. */
const FAILURES = ["timeout", "dead"] as const;

export interface MeetingOptions {
  control: Int32Array;
  rank: number;
  size: number;
  timeoutMs: number;
  sleeper: Sleeper;
}

/** Steps that all ranks take together: a rank leaves step n when all have come to it. */
export class Meeting {
  readonly #control: Int32Array;
  readonly #lines: readonly number[];
  readonly #rank: number;
  readonly #timeoutMs: number;
  readonly #sleeper: Sleeper;
  /** Looking out helps only while each rank has a processor. */
  readonly #spinMs: number;
  #step = 0;
  /** How often it looked out in vain since it last did not. */
  #vain = 0;

  constructor({ control, rank, size, timeoutMs, sleeper }: MeetingOptions) {
    this.#control = control;
    this.#lines = Array.from({ length: size }, (_, other) => lineOf(other));
    this.#rank = rank;
    this.#timeoutMs = timeoutMs;
    this.#sleeper = sleeper;
    this.#spinMs = size <= availableParallelism() ? SPIN_MS : 0;
  }

  /** How many steps are behind this rank. */
  get step(): number {
    return this.#step;
  }

  /**
   * Comes to the next step and waits there for the others; `during` says what for.
   *
   * @throws {CollectiveError} `timeout` or `dead`, which breaks the group for all.
   */
  meet(during: string): void {
    // Numbers in shared memory have 32 bits; steps are compared by their difference, which may wrap.
    const step = ++this.#step | 0;
    const control = this.#control;
    Atomics.store(control, this.#lines[this.#rank]! + STEP, step);
    const missing = this.#missing(0, step);
    if (missing < 0) {
      // Whoever comes last sees all others here, so that sleepers are woken once.
      Atomics.store(control, COMPLETE, step);
      if (Atomics.load(control, SLEEPERS) > 0) this.#sleeper.wake(COMPLETE);
      return;
    }
    if (this.#mayHelp(step) && this.#spin(missing, step)) return;
    this.#wait(step, during);
  }

  /** @throws {CollectiveError} if another rank has broken the group. */
  check(during: string): void {
    const failure = Atomics.load(this.#control, FAILURE);
    if (failure !== 0) throw this.#decode(failure, during);
  }

  /** Tells the others that this rank will not come any more. */
  leave(): void {
    Atomics.store(this.#control, this.#lines[this.#rank]! + STATE, LEFT);
    if (Atomics.load(this.#control, SLEEPERS) > 0) this.#sleeper.wake(COMPLETE);
  }

  /** The first rank from `from` on that is not yet at `step`, or -1. */
  #missing(from: number, step: number): number {
    const lines = this.#lines;
    for (let rank = from; rank < lines.length; rank++)
      if (((Atomics.load(this.#control, lines[rank]! + STEP) - step) | 0) < 0) return rank;
    return -1;
  }

  /** Whether to look out now: no longer where that was in vain, as when the others need this very processor, but sometimes to see if it still is. */
  #mayHelp(step: number): boolean {
    return this.#spinMs > 0 && (this.#vain < VAIN || step % TRY_EVERY === 0);
  }

  /** Looks out for the others, from rank `missing` on; true if all came. */
  #spin(missing: number, step: number): boolean {
    const end = performance.now() + this.#spinMs;
    let rank = missing;
    do {
      for (let i = 0; i < 50; i++) {
        rank = this.#missing(rank, step);
        if (rank >= 0) continue;
        this.#vain = 0;
        return true;
      }
    } while (performance.now() < end);
    this.#vain++;
    return false;
  }

  #wait(step: number, during: string): void {
    const control = this.#control;
    const start = performance.now();
    let look = start + NAP_MS;
    Atomics.add(control, SLEEPERS, 1);
    try {
      for (;;) {
        // Read before the ranks' steps: if the last one comes in between, the number has changed and nobody sleeps.
        const complete = Atomics.load(control, COMPLETE);
        const absent = this.#absent(step);
        if (absent.length === 0) return;
        this.check(during);
        const now = performance.now();
        // Asking the system takes long, so it is done for long waits only.
        const dead = absent.find((rank) => this.#hasLeft(rank) || (now >= look && this.#hasDied(rank)));
        // It may have come before it ended.
        if (dead !== undefined && this.#absent(step).includes(dead)) this.#fail("dead", [dead], during);
        if (now >= look) look = now + NAP_MS;
        if (now - start >= this.#timeoutMs) this.#fail("timeout", absent, during);
        this.#sleeper.sleep(COMPLETE, complete, Math.min(NAP_MS, this.#timeoutMs - (now - start)));
      }
    } finally {
      Atomics.sub(control, SLEEPERS, 1);
    }
  }

  #hasLeft(rank: number): boolean {
    return Atomics.load(this.#control, this.#lines[rank]! + STATE) === LEFT;
  }

  #hasDied(rank: number): boolean {
    const joined = Atomics.load(this.#control, this.#lines[rank]! + STATE) === JOINED;
    return joined && this.#sleeper.hasDied(rank);
  }

  #absent(step: number): number[] {
    const ranks: number[] = [];
    for (let rank = this.#missing(0, step); rank >= 0; rank = this.#missing(rank + 1, step)) ranks.push(rank);
    return ranks;
  }

  /** Breaks the group: the first failure is the one that all ranks tell. */
  #fail(code: (typeof FAILURES)[number], ranks: readonly number[], during: string): never {
    const failure = ((FAILURES.indexOf(code) + 1) << 16) | ranks[0]!;
    const earlier = Atomics.compareExchange(this.#control, FAILURE, 0, failure);
    this.#sleeper.wake(COMPLETE);
    if (earlier === 0 && code === "timeout") throw timeoutError(ranks, this.#timeoutMs, during);
    throw this.#decode(earlier || failure, during);
  }

  #decode(failure: number, during: string): CollectiveError {
    const rank = failure & 0xffff;
    if (FAILURES[(failure >> 16) - 1] === "timeout") return timeoutError([rank], this.#timeoutMs, during);
    return deadError(rank, during);
  }
}

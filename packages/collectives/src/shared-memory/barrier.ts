import { availableParallelism } from "node:os";
import { deadError, timeoutError } from "../call-errors.ts";
import type { CollectiveError } from "../errors.ts";
import { type WaitingOptions, WaitingTeller } from "../waiting.ts";
import type { Futex } from "./futex.ts";
import { COMPLETE, FAILURE, JOINED, LEFT, lineOf, PARKED, PHASE, STATE } from "./layout.ts";

/** How long a rank spins before it parks: a few times what waking up takes, or one late rank would make all park in turn. */
const SPIN_MS = 0.2;

/** After this many spins without success a rank parks at once, but for every so many-th phase. */
const MAX_FAILED_SPINS = 2;
const RETRY_EVERY = 16;

/** How long a rank is parked before it checks that the others are alive. */
const LIVENESS_MS = 50;

/** The codes of a failure that concerns all, by the number that stands for them in shared memory. */
const FAILURES = ["timeout", "dead"] as const;

export interface BarrierOptions extends WaitingOptions {
  control: Int32Array;
  rank: number;
  size: number;
  timeoutMs: number;
  futex: Futex;
  /** Whether the system knows that `rank` has ended. */
  hasDied(rank: number): boolean;
}

/** A reusable barrier: a rank leaves phase n when all have reached it. Waiting ranks spin, then park. */
export class Barrier {
  readonly #control: Int32Array;
  readonly #lines: readonly number[];
  readonly #rank: number;
  readonly #timeoutMs: number;
  readonly #futex: Futex;
  readonly #isDead: (rank: number) => boolean;
  readonly #teller: WaitingTeller;
  /** Spinning helps only while each rank has a processor. */
  readonly #spinMs: number;
  #phase = 0;
  /** Spins without success since the last successful one. */
  #failedSpins = 0;

  constructor({ control, rank, size, timeoutMs, futex, hasDied, ...waiting }: BarrierOptions) {
    this.#control = control;
    this.#lines = Array.from({ length: size }, (_, other) => lineOf(other));
    this.#rank = rank;
    this.#timeoutMs = timeoutMs;
    this.#futex = futex;
    this.#isDead = hasDied;
    this.#teller = new WaitingTeller(rank, waiting);
    this.#spinMs = size <= availableParallelism() ? SPIN_MS : 0;
  }

  /** How many phases this rank has completed. */
  get phase(): number {
    return this.#phase;
  }

  /**
   * Reaches the next phase and waits there for the others; `during` names the call, for errors.
   *
   * @throws {CollectiveError} `timeout` or `dead`, which breaks the group for all.
   */
  wait(during: string): void {
    // Numbers in shared memory have 32 bits; phases are compared by their difference, which may wrap.
    const phase = ++this.#phase | 0;
    const control = this.#control;
    Atomics.store(control, this.#lines[this.#rank]! + PHASE, phase);
    const missing = this.#missing(0, phase);
    if (missing < 0) {
      // The last rank sees all others here, so that parked ranks are woken once.
      Atomics.store(control, COMPLETE, phase);
      if (Atomics.load(control, PARKED) > 0) this.#futex.wake(COMPLETE);
      return;
    }
    if (this.#shouldSpin(phase) && this.#spin(missing, phase)) return;
    this.#park(phase, during);
  }

  /** @throws {CollectiveError} if another rank has broken the group. */
  check(during: string): void {
    const failure = Atomics.load(this.#control, FAILURE);
    if (failure !== 0) throw this.#decode(failure, during);
  }

  /** Marks this rank as having left the group. */
  leave(): void {
    Atomics.store(this.#control, this.#lines[this.#rank]! + STATE, LEFT);
    if (Atomics.load(this.#control, PARKED) > 0) this.#futex.wake(COMPLETE);
  }

  /** The first rank from `from` on that has not reached `phase`, or -1. */
  #missing(from: number, phase: number): number {
    const lines = this.#lines;
    for (let rank = from; rank < lines.length; rank++)
      if (((Atomics.load(this.#control, lines[rank]! + PHASE) - phase) | 0) < 0) return rank;
    return -1;
  }

  /** Adaptive spinning: not while spins fail, as when the others need this very processor, but now and then to see whether they still do. */
  #shouldSpin(phase: number): boolean {
    return this.#spinMs > 0 && (this.#failedSpins < MAX_FAILED_SPINS || phase % RETRY_EVERY === 0);
  }

  /** Spins until the others, from rank `missing` on, have reached `phase`; false if they have not in time. */
  #spin(missing: number, phase: number): boolean {
    const end = performance.now() + this.#spinMs;
    let rank = missing;
    do {
      for (let i = 0; i < 50; i++) {
        rank = this.#missing(rank, phase);
        if (rank >= 0) continue;
        this.#failedSpins = 0;
        return true;
      }
    } while (performance.now() < end);
    this.#failedSpins++;
    return false;
  }

  #park(phase: number, during: string): void {
    const control = this.#control;
    const start = performance.now();
    let nextCheck = start + LIVENESS_MS;
    const tell = this.#teller.begin(during);
    Atomics.add(control, PARKED, 1);
    try {
      for (;;) {
        // Read before the ranks' phases: if the last one arrives in between, the number has changed and nobody parks.
        const complete = Atomics.load(control, COMPLETE);
        const absent = this.#absent(phase);
        if (absent.length === 0) return;
        this.check(during);
        const now = performance.now();
        // Asking the system takes long, so it is done for long waits only.
        const dead = absent.find((rank) => this.#hasLeft(rank) || (now >= nextCheck && this.#hasDied(rank)));
        // It may have reached the phase before it ended.
        if (dead !== undefined && this.#absent(phase).includes(dead)) this.#fail("dead", [dead], during);
        if (now >= nextCheck) nextCheck = now + LIVENESS_MS;
        if (now - start >= this.#timeoutMs) this.#fail("timeout", absent, during);
        tell(now - start, absent);
        this.#futex.wait(COMPLETE, complete, Math.min(LIVENESS_MS, this.#timeoutMs - (now - start)));
      }
    } finally {
      Atomics.sub(control, PARKED, 1);
    }
  }

  #hasLeft(rank: number): boolean {
    return Atomics.load(this.#control, this.#lines[rank]! + STATE) === LEFT;
  }

  #hasDied(rank: number): boolean {
    const joined = Atomics.load(this.#control, this.#lines[rank]! + STATE) === JOINED;
    return joined && this.#isDead(rank);
  }

  #absent(phase: number): number[] {
    const ranks: number[] = [];
    for (let rank = this.#missing(0, phase); rank >= 0; rank = this.#missing(rank + 1, phase)) ranks.push(rank);
    return ranks;
  }

  /** Breaks the group: all ranks throw the first failure. */
  #fail(code: (typeof FAILURES)[number], ranks: readonly number[], during: string): never {
    const failure = ((FAILURES.indexOf(code) + 1) << 16) | ranks[0]!;
    const earlier = Atomics.compareExchange(this.#control, FAILURE, 0, failure);
    this.#futex.wake(COMPLETE);
    if (earlier === 0 && code === "timeout") throw timeoutError(ranks, this.#timeoutMs, during);
    throw this.#decode(earlier || failure, during);
  }

  #decode(failure: number, during: string): CollectiveError {
    const rank = failure & 0xffff;
    if (FAILURES[(failure >> 16) - 1] === "timeout") return timeoutError([rank], this.#timeoutMs, during);
    return deadError(rank, during);
  }
}

/** Waiting for a number in shared memory to change, as by Linux's futex or `Atomics.wait`. */
export interface Futex {
  /** Blocks while `control[index]` is `value`, until {@link wake} is called for it, and at most `ms` milliseconds; may return sooner. */
  wait(index: number, value: number, ms: number): void;
  /** Wakes all who wait on `control[index]`. */
  wake(index: number): void;
}

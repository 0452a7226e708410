/** How a rank sleeps while others are busy, and how it hears of their end. */
export interface Sleeper {
  /** Sleeps while `control[index]` is `value`, until {@link wake} is called for it, and at most `ms` milliseconds; may return sooner. */
  sleep(index: number, value: number, ms: number): void;
  /** Wakes all who sleep on `control[index]`. */
  wake(index: number): void;
  /** Whether the system knows that `rank` has ended. */
  hasDied(rank: number): boolean;
}

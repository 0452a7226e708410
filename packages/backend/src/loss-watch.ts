/** How long, in milliseconds, the news of a loss may come after the first failure that it causes. */
const LATE = 200;

/** Ends what waits for a device when the device is gone. */
export class LossWatch {
  /** What waits: unlike handlers of `lost` itself they go when it is over, however long the device lives. */
  readonly #waiting = new Set<(reason: Error) => void>();
  readonly #lost: Promise<unknown>;
  #reason: Error | undefined;

  /** @param lost - resolves with the reason once the device is gone. */
  constructor(lost: Promise<string>) {
    this.#lost = lost.then((text) => {
      this.#reason = new Error(text);
      for (const reject of this.#waiting) reject(this.#reason);
      this.#waiting.clear();
    });
  }

  /**
   * What `work` gives, unless the device goes before.
   *
   * @throws {Error} the reason of the loss, also where the work ends with values after it.
   */
  async during<T>(work: Promise<T>): Promise<T> {
    let leave: (reason: Error) => void = () => {};
    const loss = new Promise<never>((_, reject) => {
      leave = reject;
    });
    this.#waiting.add(leave);
    // Whoever loses the race is heard by nobody.
    work.catch(() => {});
    try {
      if (this.#reason) throw this.#reason;
      const value = await Promise.race([work, loss]);
      if (this.#reason) throw this.#reason;
      return value;
    } catch (error) {
      // What a loss breaks may be heard of before the loss itself.
      await Promise.race([this.#lost, new Promise((resolve) => setTimeout(resolve, LATE))]);
      throw this.#reason ?? error;
    } finally {
      this.#waiting.delete(leave);
    }
  }
}

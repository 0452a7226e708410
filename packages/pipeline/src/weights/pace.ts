/** Bytes a second that a download must bring, on average over each time that {@link Pace} watches. */
const SLOWEST = 1024;

/** A signal that aborts when too little has come in a while, or when the user's does. */
export class Pace {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #least: number;
  #came = 0;
  /** Whether the server has answered. */
  hasAnswer = false;
  /** Why it was given up. */
  stalled: string | undefined;
  readonly signal: AbortSignal;

  /** @param window - milliseconds of each while. */
  constructor(window: number, users?: AbortSignal) {
    this.#least = leastIn(window);
    const time = `${window / 1000} s`;
    this.#timer = setInterval(() => {
      if (this.#came < this.#least) {
        const none = this.hasAnswer ? `nothing came for ${time}` : `no answer came for ${time}`;
        this.stalled = this.#came === 0 ? none : `only ${this.#came} bytes came in ${time}`;
        this.#controller.abort();
      }
      this.#came = 0;
    }, window);
    this.signal = users ? AbortSignal.any([users, this.#controller.signal]) : this.#controller.signal;
  }

  /** The server has answered: the time of the body begins. */
  answered(): void {
    this.hasAnswer = true;
    this.#timer.refresh();
  }

  count(bytes: number): void {
    this.#came += bytes;
  }

  /** Ends the watch, and the connection if it is still open. */
  stop(): void {
    clearInterval(this.#timer);
    this.#controller.abort();
  }
}

/** The fewest bytes that count as progress in so many milliseconds. */
export const leastIn = (window: number): number => (window / 1000) * SLOWEST;

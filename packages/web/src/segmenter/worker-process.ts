import { WebError } from "./errors.ts";
import type { Answer, Found, Opened, PhotoMessage, Question } from "./messages.ts";
import type { LoadEvent, Setup } from "./options.ts";
import { receivedError } from "./transfer-error.ts";

interface Pending {
  resolve(result: never): void;
  reject(reason: unknown): void;
  onAnswer(answer: Answer): void;
}

let count = 0;

/** A worker that holds one network. Where it ends, whatever is pending is rejected. */
export class WorkerProcess {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #ids = 0;
  #isAlive = true;
  readonly #lock = `@seg/web worker ${Date.now()} ${count++} ${Math.random()}`;

  constructor(create: () => Worker) {
    try {
      this.#worker = create();
    } catch (error) {
      throw died((error as Error).message, error);
    }
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end(died(event.message || "it did not load"));
    };
    this.#worker.onmessageerror = () => this.#end(died("its answer cannot be read"));
  }

  /** Whether it answers. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Opens the network. */
  async open(setup: Setup, signal: AbortSignal | undefined, onProgress: (event: LoadEvent) => void): Promise<Opened> {
    const opened = this.#ask<Opened>({ type: "open", setup, lock: this.#lock }, [], signal, (answer) => {
      if (answer.type === "loading") onProgress(answer.event);
    });
    try {
      const result = await opened;
      this.#watch();
      return result;
    } catch (error) {
      // Nothing else lets go of a download or an engine that is being started.
      this.end();
      throw error;
    }
  }

  /** Segments a photo. */
  segment(
    photo: PhotoMessage,
    transfer: Transferable[],
    {
      signal,
      onScale,
      ...wishes
    }: {
      scores: boolean;
      sizes: readonly number[] | undefined;
      signal: AbortSignal | undefined;
      onScale: (done: number, total: number) => void;
    },
  ): Promise<Found> {
    return this.#ask<Found>({ type: "segment", photo, ...wishes }, transfer, signal, (answer) => {
      if (answer.type === "scale") onScale(answer.done, answer.total);
    });
  }

  /** Ends it; what is pending is rejected. */
  end(reason: unknown = died("it was disposed")): void {
    this.#end(reason);
  }

  #ask<Result>(
    question: Omit<Question & { type: "open" }, "id"> | Omit<Question & { type: "segment" }, "id">,
    transfer: Transferable[],
    signal: AbortSignal | undefined,
    onAnswer: (answer: Answer) => void,
  ): Promise<Result> {
    const id = this.#ids++;
    return new Promise<Result>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        this.#pending.delete(id);
        this.#worker.postMessage({ id, type: "abort" });
        reject(signal!.reason);
      };
      const settled = () => signal?.removeEventListener("abort", abort);
      signal?.addEventListener("abort", abort, { once: true });
      this.#pending.set(id, {
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (reason) => {
          settled();
          reject(reason);
        },
        onAnswer,
      });
      this.#worker.postMessage({ id, ...question }, transfer);
    });
  }

  #hear(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if (!pending) return;
    pending.onAnswer(answer);
    if (answer.type === "loading" || answer.type === "scale") return;
    this.#pending.delete(answer.id);
    if (answer.type !== "failed") {
      pending.resolve(answer.result as never);
      return;
    }
    const error = receivedError(answer.error);
    pending.reject(error);
    // A GPU that is gone, or WebAssembly broken off in its middle, computes nothing any more: whoever asks again gets another worker.
    if (isOfEngine(error)) this.#end(error);
  }

  /** A worker that the browser ended tells nobody; but it lets go of the lock that it holds. */
  #watch(): void {
    void navigator.locks?.request(this.#lock, () => this.#end(died("the browser ended it"))).catch(() => {});
  }

  #end(reason: unknown): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}

/** Whether an engine failed, whatever error the layers above made of it. */
const isOfEngine = (error: unknown): boolean =>
  error instanceof Error && (error.name === "BackendError" || isOfEngine(error.cause));

const died = (reason: string, cause?: unknown) =>
  new WebError(
    "worker",
    {
      expected: "the segmenter's worker to answer",
      but: reason,
      hint: "try again, with a smaller photo or DATASET.imgSizes if memory ran out",
    },
    { data: { reason }, cause },
  );

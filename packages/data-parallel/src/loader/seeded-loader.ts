import { availableParallelism } from "node:os";
import { DataParallelError, disposedError } from "../errors.ts";
import { type SampleRequest, SourceHost } from "./source-host.ts";
import { LoaderThread } from "./thread.ts";

/** A place in a loader's sequence: what is needed to go on from there, beside the options. */
export interface LoaderPosition {
  /** Counted from 0. */
  epoch: number;
  /** The next sample in the epoch, counted from 0. */
  iteration: number;
}

/** What a loader loads, and how far ahead. */
export interface LoaderOptions<Options> {
  /** The module that exports `createSource`, see {@link CreateSource}: a `file:` URL. */
  module: URL | string;
  /** Passed to `createSource`; it is copied to each thread. */
  options: Options;
  /** The whole sequence follows from it, from `workers` and from `epochLength`. Replicas take one each, such as `[304, rank]`. */
  seed: number | readonly number[];
  /**
   * How many sources take turns, each with random numbers of its own for each epoch. Default 1; 0 is the same sequence as 1 but
   * made by the calling thread when it is asked for.
   */
  workers?: number;
  /** How many threads run them; the sequence does not depend on it. Default: as many as workers, and at most as many as CPUs. */
  threads?: number;
  /** How many samples are made ahead; default 2 for each thread. */
  prefetch?: number;
  /** Samples in an epoch; default: an epoch never ends. */
  epochLength?: number;
  /** Where to begin; default at the beginning. */
  start?: LoaderPosition;
}

/**
 * Samples made ahead by worker threads, in an order that depends on the seed alone: worker 0 makes the first one of an epoch, worker 1
 * the second, and so on in turn. Each worker's random numbers are seeded by (seed, worker, epoch), so the place of a
 * sample is all that must be known to continue a sequence, and no two workers draw the same.
 */
export class SeededLoader<Sample, Options = unknown> {
  readonly #makers: readonly Maker[];
  readonly #threads: readonly LoaderThread[];
  readonly #workers: number;
  readonly #prefetch: number;
  readonly #epochLength: number;
  readonly #ahead: Promise<unknown>[] = [];
  #asked: LoaderPosition;
  #given: LoaderPosition;
  #waiting = 0;
  #failure: DataParallelError | undefined;

  /**
   * Starts the threads and the first samples; errors of theirs show in {@link next}.
   *
   * @throws {RangeError} for counts that are not whole numbers, or a start behind the epoch's end.
   */
  constructor(loader: LoaderOptions<Options>) {
    const { module, options, seed, workers = 1, epochLength = Number.POSITIVE_INFINITY } = loader;
    const { threads = Math.min(workers, availableParallelism()), start = { epoch: 0, iteration: 0 } } = loader;
    const { prefetch = 2 * threads } = loader;
    checkCounts({ workers, threads, prefetch, epoch: start.epoch, iteration: start.iteration });
    if (epochLength !== Number.POSITIVE_INFINITY) checkCounts({ epochLength });
    if (start.iteration >= epochLength) {
      throw new RangeError(
        `Expected to start within an epoch of ${epochLength} samples but received iteration ${start.iteration}: begin the next epoch instead.`,
      );
    }
    const data = { module: String(module), options, seed: [seed].flat() };
    this.#threads = Array.from({ length: Math.min(threads, workers) }, () => new LoaderThread(data));
    this.#makers = this.#threads.length > 0 ? this.#threads : [new SourceHost(data)];
    this.#workers = Math.max(workers, 1);
    this.#prefetch = this.#threads.length > 0 ? prefetch : 0;
    this.#epochLength = epochLength;
    this.#asked = { ...start };
    this.#given = { ...start };
    this.#fill(this.#prefetch);
  }

  /**
   * The next sample; its memory belongs to the caller.
   *
   * @throws {DataParallelError} `sample` with what the source threw, `module`, or `thread`, when the sequence comes to what failed; the
   *   loader is at its end then and throws the same again. `disposed` after {@link dispose}.
   */
  async next(): Promise<Sample> {
    if (this.#failure) throw this.#failure;
    this.#fill(1);
    const sample = this.#ahead.shift()!;
    this.#fill(this.#prefetch);
    this.#hold(1);
    try {
      const made = (await sample) as Sample;
      this.#given = this.#after(this.#given);
      return made;
    } catch (error) {
      this.#failure ??= error as DataParallelError;
      await this.dispose();
      throw this.#failure;
    } finally {
      this.#hold(-1);
    }
  }

  /** Where the sample stands that {@link next} gives next: as `start` of a loader with the same options, it continues from there. */
  get position(): LoaderPosition {
    return { ...this.#given };
  }

  /** Ends all threads; may be called again. A `next` that waits is refused. */
  async dispose(): Promise<void> {
    this.#failure ??= disposedError();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  #fill(count: number): void {
    while (this.#ahead.length < count) {
      const place = this.#asked;
      const sample = this.#make(place);
      // It is told by the `next` that comes to it.
      sample.catch(() => {});
      this.#ahead.push(sample);
      this.#asked = this.#after(place);
    }
  }

  async #make({ epoch, iteration }: LoaderPosition): Promise<unknown> {
    const worker = iteration % this.#workers;
    const request: SampleRequest = { worker, epoch, index: Math.floor(iteration / this.#workers) };
    try {
      return await this.#makers[worker % this.#makers.length]!.make(request);
    } catch (error) {
      if (error instanceof DataParallelError) throw error;
      const where = `sample ${iteration} of epoch ${epoch}, worker ${worker}`;
      throw new DataParallelError("sample", `Loading failed (${where}): ${(error as Error).message}`, {
        cause: error,
        data: { epoch, iteration, worker },
      });
    }
  }

  #after({ epoch, iteration }: LoaderPosition): LoaderPosition {
    return iteration + 1 < this.#epochLength ? { epoch, iteration: iteration + 1 } : { epoch: epoch + 1, iteration: 0 };
  }

  #hold(change: 1 | -1): void {
    this.#waiting += change;
    for (const thread of this.#threads) thread.hold(this.#waiting > 0);
  }
}

interface Maker {
  make(request: SampleRequest): Promise<unknown>;
}

function checkCounts(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`Expected ${name} to be a whole number of at least 0 but received ${value}.`);
    }
  }
}

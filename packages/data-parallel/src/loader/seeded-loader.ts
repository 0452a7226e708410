import { availableParallelism } from "node:os";
import { DataParallelError, disposedError } from "../errors.ts";
import { LoaderThread } from "./loader-thread.ts";
import { type SampleRequest, WorkerSources } from "./worker-sources.ts";

/** A position in a loader's sequence of samples, from which a loader with the same options resumes. */
export interface LoaderPosition {
  /** Counted from 0. */
  epoch: number;
  /** The next sample in the epoch, counted from 0. */
  iteration: number;
}

/** Options of {@link SeededLoader}. */
export interface LoaderOptions<Options> {
  /** The module that exports `createSource`, see {@link CreateSource}: a `file:` URL. */
  module: URL | string;
  /** Passed to `createSource`; it is copied to each thread. */
  options: Options;
  /** The whole sequence follows from it, from `workers` and from `epochLength`. Replicas take one each, such as `[304, rank]`. */
  seed: number | readonly number[];
  /**
   * How many workers, each with a source and a random stream of its own for each epoch, take turns. Default 1; 0 is the same sequence as 1 but
   * made by the calling thread, without prefetching.
   */
  workers?: number;
  /** How many threads run them; the sequence does not depend on it. Default: as many as workers, and at most as many as CPUs. */
  threads?: number;
  /** How many samples are prefetched; default 2 for each thread. */
  prefetch?: number;
  /** Samples in an epoch; default: an epoch never ends. */
  epochLength?: number;
  /** The position to start or resume at; default the beginning. */
  start?: LoaderPosition;
}

/**
 * A data loader: samples prefetched by worker threads, in an order that depends on the seed alone: worker 0 makes the first one of an epoch,
 * worker 1 the second, and so on in turn. Each worker's random stream is seeded by (seed, worker, epoch), so a position is all that is needed to
 * resume, and no two workers draw the same numbers.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { pathToFileURL } from "node:url";
 * import { SeededLoader } from "@seg/data-parallel";
 *
 * const dice = `export const createSource = ({ sides }, random) => ({
 *   next: () => 1 + Math.floor(sides * random()),
 *   skip(count) { while (count-- > 0) random(); },
 * });`;
 * await writeFile("dice.mjs", dice);
 * const options = { module: pathToFileURL("dice.mjs"), options: { sides: 6 }, seed: 304, workers: 2 };
 * const loader = new SeededLoader<number>(options);
 * for (let i = 0; i < 5; i++) await loader.next();
 * const resumed = new SeededLoader<number>({ ...options, start: loader.position });
 * console.log(resumed.position); // { epoch: 0, iteration: 5 }
 * console.log((await resumed.next()) === (await loader.next())); // true
 * await Promise.all([loader.dispose(), resumed.dispose()]);
 * ```
 */
export class SeededLoader<Sample, Options = unknown> {
  readonly #sources: readonly SampleMaker[];
  readonly #threads: readonly LoaderThread[];
  readonly #workers: number;
  readonly #prefetch: number;
  readonly #epochLength: number;
  readonly #prefetched: Promise<unknown>[] = [];
  #requestPosition: LoaderPosition;
  #position: LoaderPosition;
  #waiting = 0;
  #failure: DataParallelError | undefined;

  /**
   * Starts the threads and the first samples; errors of theirs show in {@link next}.
   *
   * @throws {DataParallelError} `option` for counts that are not whole numbers, or a start behind the epoch's end.
   */
  constructor(loader: LoaderOptions<Options>) {
    const { module, options, seed, workers = 1, epochLength = Number.POSITIVE_INFINITY } = loader;
    const { threads = Math.min(workers, availableParallelism()), start = { epoch: 0, iteration: 0 } } = loader;
    const { prefetch = 2 * threads } = loader;
    checkCounts({ workers, threads, prefetch, epoch: start.epoch, iteration: start.iteration });
    if (epochLength !== Number.POSITIVE_INFINITY) checkCounts({ epochLength });
    if (start.iteration >= epochLength) {
      throw new DataParallelError(
        "option",
        {
          expected: `to start within an epoch of ${epochLength} samples`,
          received: `iteration ${start.iteration}`,
          hint: "begin the next epoch instead",
        },
        { data: { option: "start", received: start.iteration, expected: epochLength } },
      );
    }
    const data = { module: String(module), options, seed: [seed].flat() };
    this.#threads = Array.from({ length: Math.min(threads, workers) }, () => new LoaderThread(data));
    this.#sources = this.#threads.length > 0 ? this.#threads : [new WorkerSources(data)];
    this.#workers = Math.max(workers, 1);
    this.#prefetch = this.#threads.length > 0 ? prefetch : 0;
    this.#epochLength = epochLength;
    this.#requestPosition = { ...start };
    this.#position = { ...start };
    this.#fill(this.#prefetch);
  }

  /**
   * The next sample; its memory belongs to the caller.
   *
   * @throws {DataParallelError} `sample` with what the source threw, `module`, or `thread`, when the sequence comes to the sample that failed; the
   *   loader is unusable then and throws the same again. `disposed` after {@link dispose}.
   */
  async next(): Promise<Sample> {
    if (this.#failure) throw this.#failure;
    this.#fill(1);
    const sample = this.#prefetched.shift()!;
    this.#fill(this.#prefetch);
    this.#updateRefs(1);
    try {
      const made = (await sample) as Sample;
      this.#position = this.#after(this.#position);
      return made;
    } catch (error) {
      this.#failure ??= error as DataParallelError;
      await this.dispose();
      throw this.#failure;
    } finally {
      this.#updateRefs(-1);
    }
  }

  /** The position of the sample that {@link next} gives next: as `start` of a loader with the same options, it resumes there. */
  get position(): LoaderPosition {
    return { ...this.#position };
  }

  /** Terminates all threads; may be called again. A pending `next` rejects. */
  async dispose(): Promise<void> {
    this.#failure ??= disposedError();
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #fill(count: number): void {
    while (this.#prefetched.length < count) {
      const position = this.#requestPosition;
      const sample = this.#make(position);
      // Its error is thrown by the `next` that comes to it.
      sample.catch(() => {});
      this.#prefetched.push(sample);
      this.#requestPosition = this.#after(position);
    }
  }

  async #make({ epoch, iteration }: LoaderPosition): Promise<unknown> {
    const worker = iteration % this.#workers;
    const request: SampleRequest = { worker, epoch, index: Math.floor(iteration / this.#workers) };
    try {
      return await this.#sources[worker % this.#sources.length]!.make(request);
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

  #updateRefs(change: 1 | -1): void {
    this.#waiting += change;
    for (const thread of this.#threads) thread.setRef(this.#waiting > 0);
  }
}

interface SampleMaker {
  make(request: SampleRequest): Promise<unknown>;
}

function checkCounts(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      const line = { expected: `${name} to be a whole number of at least 0`, received: `${value}` };
      throw new DataParallelError("option", line, { data: { option: name, received: value } });
    }
  }
}

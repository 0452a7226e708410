import { moduleError } from "../errors.ts";
import { Random } from "../random.ts";
import type { CreateSource, SampleSource } from "./source.ts";

/** Requests a sample: `index` counts those that the worker makes in the epoch, from 0. */
export interface SampleRequest {
  worker: number;
  epoch: number;
  index: number;
}

/** The settings of a loader, sent to its threads. */
export interface LoaderData {
  /** The URL of the module that exports `createSource`. */
  module: string;
  options: unknown;
  seed: readonly number[];
}

interface OpenSource {
  epoch: number;
  /** Samples made or skipped in this epoch. */
  position: number;
  source: SampleSource<unknown>;
}

/** The sources of some workers, within one thread; each worker makes one sample at a time, in the order of the requests. */
export class WorkerSources {
  readonly #data: LoaderData;
  readonly #open = new Map<number, OpenSource>();
  readonly #lastSample = new Map<number, Promise<unknown>>();
  #create: Promise<CreateSource<unknown, unknown>> | undefined;

  constructor(data: LoaderData) {
    this.#data = data;
  }

  /** Makes a sample of a worker's present epoch, or of a later one, after those that were requested earlier. */
  make(request: SampleRequest): Promise<unknown> {
    const last = this.#lastSample.get(request.worker) ?? Promise.resolve();
    const made = last.then(() => this.#makeNow(request));
    this.#lastSample.set(
      request.worker,
      made.catch(() => {}),
    );
    return made;
  }

  async #makeNow({ worker, epoch, index }: SampleRequest): Promise<unknown> {
    let open = this.#open.get(worker);
    if (open?.epoch !== epoch) {
      this.#create ??= loadModule(this.#data.module);
      const create = await this.#create;
      const random = Random.seeded(...this.#data.seed, worker, epoch);
      open = { epoch, position: 0, source: await create(this.#data.options, () => random.next()) };
      this.#open.set(worker, open);
    }
    if (index > open.position) await open.source.skip(index - open.position);
    open.position = index + 1;
    return open.source.next();
  }
}

async function loadModule(url: string): Promise<CreateSource<unknown, unknown>> {
  const expected = "a module that exports createSource";
  const exported = await import(/* @vite-ignore */ url).catch((cause: Error) => {
    throw moduleError(url, expected, { cause });
  });
  if (typeof exported.createSource === "function") return exported.createSource;
  throw moduleError(url, expected, { exports: Object.keys(exported), hint: "export it by that name" });
}

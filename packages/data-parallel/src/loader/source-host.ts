import { moduleError } from "../errors.ts";
import { Random } from "../random.ts";
import type { CreateSource, SampleSource } from "./source.ts";

/** Which sample is wanted: `index` counts those that the worker makes in the epoch, from 0. */
export interface SampleRequest {
  worker: number;
  epoch: number;
  index: number;
}

/** What a host must know; it is sent to threads. */
export interface HostData {
  /** The address of the module that exports `createSource`. */
  module: string;
  options: unknown;
  seed: readonly number[];
}

interface Running {
  epoch: number;
  /** Samples made or skipped in this epoch. */
  position: number;
  source: SampleSource<unknown>;
}

/** Runs the sources of some workers, in whichever thread it lives; each worker makes one sample at a time, in the order asked. */
export class SourceHost {
  readonly #data: HostData;
  readonly #running = new Map<number, Running>();
  readonly #last = new Map<number, Promise<unknown>>();
  #create: Promise<CreateSource<unknown, unknown>> | undefined;

  constructor(data: HostData) {
    this.#data = data;
  }

  /** Makes a sample of a worker's present epoch, or of a later one, not before those that were asked for earlier. */
  make(request: SampleRequest): Promise<unknown> {
    const last = this.#last.get(request.worker) ?? Promise.resolve();
    const made = last.then(() => this.#makeNow(request));
    this.#last.set(
      request.worker,
      made.catch(() => {}),
    );
    return made;
  }

  async #makeNow({ worker, epoch, index }: SampleRequest): Promise<unknown> {
    let running = this.#running.get(worker);
    if (running?.epoch !== epoch) {
      this.#create ??= loadModule(this.#data.module);
      const create = await this.#create;
      const random = Random.seeded(...this.#data.seed, worker, epoch);
      running = { epoch, position: 0, source: await create(this.#data.options, () => random.next()) };
      this.#running.set(worker, running);
    }
    if (index > running.position) await running.source.skip(index - running.position);
    running.position = index + 1;
    return running.source.next();
  }
}

async function loadModule(address: string): Promise<CreateSource<unknown, unknown>> {
  const expected = "a module that exports createSource";
  const exported = await import(/* @vite-ignore */ address).catch((cause: Error) => {
    throw moduleError(address, expected, { cause });
  });
  if (typeof exported.createSource === "function") return exported.createSource;
  throw moduleError(address, expected, { exports: Object.keys(exported), hint: "export it by that name" });
}

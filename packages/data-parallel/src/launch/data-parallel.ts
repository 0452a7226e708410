import { isMainThread } from "node:worker_threads";
import type { EngineInfo } from "@seg/backend";
import type { Waiting } from "@seg/collectives";
import { DataParallelError } from "../errors.ts";
import { moduleUrl } from "../module-url.ts";
import {
  type ChosenDevice,
  chooseDevices,
  type Device,
  environmentOf,
  isNative,
  type Launcher,
} from "../replica/device.ts";
import { compact, transferables } from "../transferables.ts";
import { createGroup } from "./group-handle.ts";
import { launchProcess } from "./process-worker.ts";
import { ReplicaSet } from "./replica-set.ts";
import { launchThread } from "./thread-worker.ts";

/** How replicas are launched. */
export interface LaunchOptions<Options = unknown> {
  /** One for each replica, in rank order. */
  devices: readonly Device[];
  /** Path, or `file:` URL, of the module that exports a {@link CreateReplica} as `default`. */
  module: URL | string;
  /** Given to every replica; copied. */
  options?: Options;
  /**
   * Whether replicas are threads or processes. Default: processes where TensorFlow's native engine may run (`auto` included), which need the
   * package koffi for shared memory; threads for other engines, and for one replica alone.
   */
  launcher?: Launcher | undefined;
  /**
   * How long a replica waits for the others in a collective, in milliseconds; default 600,000. It must be longer than the slowest
   * batch. Replicas that throw or die are not waited for.
   */
  timeoutMs?: number | undefined;
  /**
   * Told when replicas wait for others in a collective that have been silent for `waitingMs`, and again each time that they have waited as much
   * longer: a slow batch, or a process that was stopped.
   */
  onWaiting?: ((waiting: Waiting) => void) | undefined;
  /** Milliseconds; default 10,000. */
  waitingMs?: number | undefined;
  /** Receives the lines of the engines' start. */
  log?: ((line: string, rank: number) => void) | undefined;
  /** Ends the launch before its time. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link DataParallel.run}. */
export interface RunOptions {
  /**
   * Asks the replicas to stop early, see {@link RunContext.signal}; their results are returned all the same. Processes that were stopped are
   * told to go on (SIGCONT), or the others would wait for them.
   */
  signal?: AbortSignal | undefined;
  /** Called with what replicas report during the run. */
  onReport?: ((value: unknown, rank: number) => void) | undefined;
}

/**
 * Replicas of one module, each in a thread or process with an engine of its own, in one group (as of `torchrun`). While no run is under way
 * they do not keep this process alive; none outlives it.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { DataParallel } from "@seg/data-parallel";
 *
 * await writeFile("double.mjs", "export default ({ rank }) => ({ run: ({ x }) => ({ rank, twice: 2 * x }) });");
 * const parallel = await DataParallel.launch({ devices: [{ engine: "cpu" }, { engine: "cpu" }], module: "double.mjs" });
 * const dicts = [{ x: 3 }, { x: 5 }];
 * console.log(await parallel.run(dicts)); // [ { rank: 0, twice: 6 }, { rank: 1, twice: 10 } ]
 * await parallel.dispose();
 * ```
 */
export class DataParallel<Input extends object = Record<string, unknown>, Output = Record<string, unknown>> {
  readonly #replicas: ReplicaSet;
  readonly #transfers: boolean;
  /** What each replica computes on, in rank order. */
  readonly engines: readonly EngineInfo[];

  /**
   * Starts the replicas; returns when all are made.
   *
   * @throws {DataParallelError} `replica` as {@link run} does; `option`.
   * @throws the signal's reason.
   */
  static async launch<
    Input extends object = Record<string, unknown>,
    Output = Record<string, unknown>,
    Options = unknown,
  >(launch: LaunchOptions<Options>): Promise<DataParallel<Input, Output>> {
    const {
      module: given,
      options,
      timeoutMs = 600_000,
      waitingMs = 10_000,
      onWaiting,
      signal,
      log = () => {},
    } = launch;
    const { devices, launcher } = chooseDevices(launch.devices, launch.launcher);
    const module = moduleUrl(given);
    signal?.throwIfAborted();
    // Checked before the first process is started.
    if (launcher === "processes") devices.forEach((device) => void environmentOf(device));
    const group = createGroup(launcher, devices.length, { timeoutMs, waitingMs });
    const restore = launcher === "threads" ? setNativeThreads(devices) : () => {};
    const start = launcher === "threads" ? launchThread : launchProcess;
    const replicas = new ReplicaSet(devices.length, (rank, listener) => start(listener, devices[rank]!), {
      onLog: log,
      onWaiting: (waiting, silentMs) => silentMs >= waitingMs / 2 && onWaiting?.(waiting),
    });
    const abort = () => void replicas.terminate(signal!.reason);
    signal?.addEventListener("abort", abort);
    try {
      const requests = devices.map((device, rank) => ({
        type: "start" as const,
        rank,
        group,
        device,
        module,
        options,
      }));
      const engines = (await replicas.request(requests, {})) as EngineInfo[];
      return new DataParallel<Input, Output>(replicas, engines, launcher === "threads");
    } finally {
      restore();
      signal?.removeEventListener("abort", abort);
    }
  }

  private constructor(replicas: ReplicaSet, engines: EngineInfo[], transfers: boolean) {
    this.#replicas = replicas;
    this.engines = engines;
    this.#transfers = transfers;
  }

  /** How many replicas there are. */
  get size(): number {
    return this.engines.length;
  }

  /**
   * Scatters the dicts over the replicas, runs them, and gathers their results. Typed arrays that are properties of a dict and share their
   * memory with nothing else are transferred to threads: the caller's are empty afterwards. Processes get copies through a pipe. Calls may
   * overlap: every replica takes them in the order in which they were made, so that the next dicts are sent during the present run.
   *
   * @param dicts - One for each replica; their arrays may differ in shape and size.
   * @returns What the replicas returned, in rank order.
   * @throws {DataParallelError} `scatter` if there is not one dict for each replica; `replica` when one throws or ends by itself, with its
   *   rank and, as the cause, its error with the stack of its thread or process: all others are terminated then, and every later call rejects with it;
   *   `disposed`.
   * @throws the signal's reason, if it is aborted before the call.
   */
  async run(dicts: readonly Input[], { signal, onReport }: RunOptions = {}): Promise<Output[]> {
    if (this.#replicas.failure) throw this.#replicas.failure;
    signal?.throwIfAborted();
    if (!Array.isArray(dicts) || dicts.length !== this.size || dicts.some((dict) => typeof dict !== "object" || !dict))
      throw new DataParallelError(
        "scatter",
        {
          expected: `one dict for each of ${this.size} replicas`,
          received: describe(dicts),
          hint: "give a replica without work an empty one",
        },
        { data: { expected: this.size, received: describe(dicts) } },
      );
    const requests = dicts.map((dict) => ({ type: "run" as const, dict: compact(dict) }));
    const transfer = this.#transfers ? { transfer: transferables(requests.map(({ dict }) => dict)) } : {};
    return (await this.#replicas.request(requests, { ...transfer, signal, ...(onReport && { onReport }) })) as Output[];
  }

  /** Shuts down all replicas, each with a call of its `dispose` unless it is at work; pending runs reject. May be called again. */
  dispose(): Promise<void> {
    return this.#replicas.shutDown(
      new DataParallelError("disposed", { expected: "running replicas", but: "they were disposed of" }),
    );
  }
}

const describe = (dicts: unknown) =>
  Array.isArray(dicts)
    ? `${dicts.length} (${dicts.map((dict) => (dict === null ? "null" : typeof dict)).join(", ")})`
    : String(dicts);

/** Sets TensorFlow's number of threads, which it reads once and from the main thread only; returns what restores the variable. */
function setNativeThreads(devices: readonly ChosenDevice[]): () => void {
  const wanted = devices.filter(({ engine }) => isNative(engine)).map(({ threads }) => threads);
  if (!isMainThread || wanted.length === 0) return () => {};
  const before = process.env.TF_NUM_INTRAOP_THREADS;
  process.env.TF_NUM_INTRAOP_THREADS = String(Math.max(...wanted));
  return () => {
    if (before === undefined) delete process.env.TF_NUM_INTRAOP_THREADS;
    else process.env.TF_NUM_INTRAOP_THREADS = before;
  };
}

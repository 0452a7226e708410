import { isMainThread } from "node:worker_threads";
import type { EngineInfo } from "@seg/backend";
import { DataParallelError } from "../errors.ts";
import { moduleAddress } from "../module-address.ts";
import {
  type ChosenDevice,
  chooseDevices,
  type Device,
  environmentOf,
  isNative,
  type Launcher,
} from "../replica/device.ts";
import { ownBuffers, trimmed } from "../transfer.ts";
import { Crew } from "./crew.ts";
import { createGroup } from "./group-handle.ts";
import { launchProcess } from "./process-place.ts";
import { launchThread } from "./thread-place.ts";

/** How replicas are launched. */
export interface LaunchOptions<Options = unknown> {
  /** One for each replica, in rank order. */
  devices: readonly Device[];
  /** Path, or `file:` URL, of the module that exports a {@link CreateReplica} as `default`. */
  module: URL | string;
  /** Given to every replica; copied. */
  options?: Options;
  /**
   * Where replicas live. Default: processes where TensorFlow's native engine may run (`auto` included), which need the package koffi to
   * share memory; threads for other engines, and for one replica alone.
   */
  launcher?: Launcher | undefined;
  /**
   * How long a replica waits for the others in a collective, in milliseconds; default 600,000. It must be longer than the slowest
   * batch. Replicas that throw or die are not waited for.
   */
  timeoutMs?: number | undefined;
  /** Receives the lines of the engines' start. */
  log?: ((line: string, rank: number) => void) | undefined;
  /** Ends the launch before its time. */
  signal?: AbortSignal | undefined;
}

/** What a call of {@link DataParallel.run} can be told, and tells. */
export interface RunOptions {
  /** Asks the replicas for an early end, see {@link RunContext.signal}; what they return is still given. */
  signal?: AbortSignal | undefined;
  /** Told what replicas report on the way. */
  onReport?: ((value: unknown, rank: number) => void) | undefined;
}

/**
 * Replicas of one module, each in a thread or process with an engine of its own, in a group with the others. While no run is under way
 * they do not keep this process alive; none outlives it.
 */
export class DataParallel<Input extends object = Record<string, unknown>, Output = Record<string, unknown>> {
  readonly #crew: Crew;
  readonly #moves: boolean;
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
    const { module: given, options, timeoutMs = 600_000, signal, log = () => {} } = launch;
    const { devices, launcher } = chooseDevices(launch.devices, launch.launcher);
    const module = moduleAddress(given);
    signal?.throwIfAborted();
    // Told before the first process is there.
    if (launcher === "processes") devices.forEach((device) => void environmentOf(device));
    const group = createGroup(launcher, devices.length, timeoutMs);
    const restore = launcher === "threads" ? announceThreads(devices) : () => {};
    const start = launcher === "threads" ? launchThread : launchProcess;
    const crew = new Crew(devices.length, (rank, listener) => start(listener, devices[rank]!), log);
    const abort = () => void crew.end(signal!.reason);
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
      const engines = (await crew.ask(requests, {})) as EngineInfo[];
      return new DataParallel<Input, Output>(crew, engines, launcher === "threads");
    } finally {
      restore();
      signal?.removeEventListener("abort", abort);
    }
  }

  private constructor(crew: Crew, engines: EngineInfo[], moves: boolean) {
    this.#crew = crew;
    this.engines = engines;
    this.#moves = moves;
  }

  /** How many replicas there are. */
  get size(): number {
    return this.engines.length;
  }

  /**
   * Hands each replica its dict, and gathers what they return. Typed arrays that are properties of a dict, and have their memory to
   * themselves, are moved to threads: the caller's are empty afterwards. Processes get copies through a pipe. Calls may overlap: every
   * replica takes them in the order in which they were made, so that the next dicts travel while these are worked on.
   *
   * @param dicts - One for each replica; their arrays may differ in shape and size.
   * @returns What the replicas returned, in rank order.
   * @throws {DataParallelError} `scatter` if there is not one dict for each replica; `replica` when one throws or ends by itself, with its
   *   rank and, as the cause, its error with the stack from over there: all others are ended then, and every later call is refused alike;
   *   `disposed`.
   * @throws the signal's reason, if it is aborted before the call.
   */
  async run(dicts: readonly Input[], { signal, onReport }: RunOptions = {}): Promise<Output[]> {
    if (this.#crew.failure) throw this.#crew.failure;
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
    const requests = dicts.map((dict) => ({ type: "run" as const, dict: trimmed(dict) }));
    const moved = this.#moves ? { moved: ownBuffers(requests.map(({ dict }) => dict)) } : {};
    return (await this.#crew.ask(requests, { ...moved, signal, ...(onReport && { onReport }) })) as Output[];
  }

  /** Ends all replicas, each with a call of its `dispose` unless it is at work; runs under way are refused. May be called again. */
  dispose(): Promise<void> {
    return this.#crew.dismiss(
      new DataParallelError("disposed", { expected: "running replicas", but: "they were disposed of" }),
    );
  }
}

const describe = (dicts: unknown) =>
  Array.isArray(dicts)
    ? `${dicts.length} (${dicts.map((dict) => (dict === null ? "null" : typeof dict)).join(", ")})`
    : String(dicts);

/** Tells TensorFlow, which reads this once and from the main thread only, how many threads it may have. */
function announceThreads(devices: readonly ChosenDevice[]): () => void {
  const wanted = devices.filter(({ engine }) => isNative(engine)).map(({ threads }) => threads);
  if (!isMainThread || wanted.length === 0) return () => {};
  const before = process.env.TF_NUM_INTRAOP_THREADS;
  process.env.TF_NUM_INTRAOP_THREADS = String(Math.max(...wanted));
  return () => {
    if (before === undefined) delete process.env.TF_NUM_INTRAOP_THREADS;
    else process.env.TF_NUM_INTRAOP_THREADS = before;
  };
}

import { type EngineInfo, type EngineProof, startEngine } from "@seg/backend";
import type { Group } from "@seg/collectives";
import { DataParallelError, moduleError } from "../errors.ts";
import { moduleUrl } from "../module-url.ts";
import type { Device } from "./device.ts";
import type { CreateReplica, Replica } from "./replica.ts";

/** Options of {@link hostReplica}. */
export interface HostOptions<Options> {
  /** The module that exports the replica's {@link CreateReplica} as `default`, as a path or `file:` URL; or that function itself. */
  module: URL | string | CreateReplica<Options, never, unknown>;
  /** Joins the process group; called when the engine runs. The group stays the caller's. */
  join(): Group | Promise<Group>;
  device?: Device;
  /** Checks that the engine can do the work; by default what the module exports as `proof`, if anything. */
  proof?: EngineProof | undefined;
  options: Options;
  /** Receives the lines of the engine's start. */
  log?: ((line: string) => void) | undefined;
}

/** A replica, with its engine. */
export interface HostedReplica<Input, Output> extends Replica<Input, Output> {
  engine: EngineInfo;
}

/**
 * Makes a replica in this thread: starts its engine, joins its group, and calls its module. What {@link DataParallel.launch} does in every
 * thread or process that it starts; a program under `mpirun`, which starts the processes by itself, calls it once.
 *
 * @throws {DataParallelError} `module` if there is no such function.
 * @throws {BackendError} if the engine does not start or does not pass the proof.
 * @throws what the module or the group throws.
 *
 * @example
 * ```ts
 * import { isMpiLaunch, joinMpiGroup, single } from "@seg/collectives";
 * import { hostReplica } from "@seg/data-parallel";
 *
 * const replica = await hostReplica({
 *   module: ({ size }) => ({ run: ({ x }: { x: number }) => `${2 * x} by one of ${size}` }),
 *   join: () => (isMpiLaunch() ? joinMpiGroup() : single),
 *   device: { engine: "cpu" },
 *   options: undefined,
 * });
 * const context = { signal: new AbortController().signal, report() {} };
 * console.log(replica.engine.name, await replica.run({ x: 21 }, context)); // cpu 42 by one of 1
 * ```
 */
export async function hostReplica<Input, Output, Options = undefined>({
  module,
  join,
  device = {},
  proof,
  options,
  log,
}: HostOptions<Options>): Promise<HostedReplica<Input, Output>> {
  // Before any rank waits in the group, so that errors here are thrown at once.
  const loaded: ReplicaModule =
    typeof module === "function" ? { default: module } : await loadModule(moduleUrl(module));
  const engine = await startEngine(device.engine ?? "auto", {
    threads: device.threads,
    proof: proof ?? loaded.proof,
    log,
  });
  const group = await join();
  const { rank, size } = group;
  const replica = await (loaded.default as CreateReplica<Options, Input, Output>)({
    group,
    rank,
    size,
    device,
    engine,
    options,
  });
  if (typeof replica?.run === "function")
    return { engine, run: (dict, context) => replica.run(dict, context), dispose: () => replica.dispose?.() };
  throw new DataParallelError(
    "module",
    { expected: `the replica of ${named(module)} to have a function run`, but: "it has none" },
    { data: { module: named(module) } },
  );
}

/** What a replica's module exports. */
interface ReplicaModule {
  default: CreateReplica<never>;
  proof?: EngineProof;
}

async function loadModule(url: string): Promise<ReplicaModule> {
  const expected = "a module that exports a function as default";
  const exported = await import(/* @vite-ignore */ url).catch((cause: Error) => {
    throw moduleError(url, expected, { cause });
  });
  if (typeof exported.default === "function") return exported;
  const hint = "export default the one that makes a replica";
  throw moduleError(url, expected, { exports: Object.keys(exported), hint });
}

const named = (module: unknown) => (typeof module === "function" ? "the function given" : String(module));

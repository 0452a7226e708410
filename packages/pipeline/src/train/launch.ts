import type { EngineName } from "@seg/backend";
import { broadcastJson, type Group, type MpiLaunch, single } from "@seg/collectives";
import { DataParallel, DataParallelError, hostReplica } from "@seg/data-parallel";
import { isSegError } from "@seg/errors";
import { ownModule } from "@seg/node";
import { PipelineError } from "../errors.ts";
import { filesOf, refuseUnlike, refuseUnlikeFiles } from "../launch/alike.ts";
import { gpuOfRank, processorsOf } from "../launch/devices.ts";
import { joinRanks, PATIENCE_MS, tellRarely } from "../launch/ranks.ts";
import type { TrainingPlan } from "./plan.ts";
import createReplica, { type Outcome, proof, type Report } from "./replica.ts";

/** How many replicas train, and where. */
export interface ReplicaOptions {
  /** Numbers of GPUs, a replica on each; a GPU named twice gets two. */
  gpus?: readonly number[] | undefined;
  /** How many replicas share the processors, or an engine's one device; default 1, or one for each of `gpus`. */
  replicas?: number | undefined;
}

/** On which engine, and who is told what the first replica says. */
export interface LaunchContext {
  backend: EngineName | "auto";
  log: (line: string) => void;
  onReport: (report: Report) => void;
  signal?: AbortSignal | undefined;
}

/**
 * How many replicas the options ask for.
 *
 * @throws {PipelineError} `option` if they contradict each other.
 */
export function replicaCount({ gpus, replicas }: ReplicaOptions): number {
  const count = replicas ?? gpus?.length ?? 1;
  if (!Number.isInteger(count) || count < 1) {
    throw new PipelineError(
      "option",
      { expected: "a number of replicas of at least 1", received: String(count) },
      { data: { option: "replicas", received: count } },
    );
  }
  if (gpus && gpus.length !== count) {
    throw new PipelineError(
      "option",
      {
        expected: `a GPU for each of ${count} replicas`,
        received: String(gpus.length),
        hint: "leave --replicas out",
      },
      { data: { option: "gpus", expected: count, received: gpus.length } },
    );
  }
  return count;
}

/**
 * Trains by a plan, in this thread if there is one replica.
 *
 * @throws what a replica throws, or the signal's reason, after a checkpoint.
 */
export async function launchTraining(
  plan: TrainingPlan,
  { gpus, replicas }: ReplicaOptions & { replicas: number },
  { backend, log, onReport, signal }: LaunchContext,
): Promise<Outcome> {
  if (replicas === 1) {
    // TensorFlow reads this when it is loaded.
    if (gpus) process.env.CUDA_VISIBLE_DEVICES = String(gpus[0]);
    return host(plan, () => single, { backend, log, onReport, signal });
  }
  const devices = Array.from({ length: replicas }, (_, i) => ({ engine: backend, ...(gpus && { gpu: gpus[i]! }) }));
  const started = (line: string, rank: number) => rank === 0 && log(line);
  const module = ownModule("./replica", import.meta.url);
  try {
    const parallel = await DataParallel.launch<object, Outcome, TrainingPlan>({
      devices,
      module,
      options: plan,
      timeoutMs: PATIENCE_MS,
      log: started,
      onWaiting: tellRarely("replica", (event) => onReport({ type: "progress", event })),
      signal,
    });
    try {
      const say = (report: unknown) => onReport(report as Report);
      const [outcome] = await parallel.run(
        devices.map(() => ({})),
        { signal, onReport: say },
      );
      return outcome!;
    } finally {
      await parallel.dispose();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw plainReplicaError(error);
  }
}

/** A replica's own error where it says what is wrong with the data or the settings; else that of its end, with the way out. */
function plainReplicaError(error: unknown): unknown {
  if (!(error instanceof DataParallelError && error.code === "replica")) return error;
  if (isSegError(error.cause) && error.cause.name !== "CollectiveError") return error.cause;
  const less = "with fewer replicas, a lower TRAIN.batch_size_per_gpu or smaller DATASET.imgSizes, ";
  const way = `${/memory/i.test(error.message) ? less : ""}go on from the last checkpoint with --resume`;
  return new PipelineError("failed", `${error.message}: ${way}.`, {
    data: { rank: error.rank, reason: error.message },
    cause: error,
  });
}

/**
 * Trains as one of the processes that `mpirun` started.
 *
 * @param own - rank 0's plan, which all train by.
 */
export async function trainUnderMpi(
  own: TrainingPlan | undefined,
  { mpi, gpus, ...context }: LaunchContext & { mpi: MpiLaunch } & Pick<ReplicaOptions, "gpus">,
): Promise<Outcome> {
  const gpu = gpuOfRank(mpi, gpus);
  if (gpu !== undefined) process.env.CUDA_VISIBLE_DEVICES = gpu;
  const group = joinRanks((event) => context.onReport({ type: "progress", event }));
  try {
    const plan = broadcastJson(own, group)!;
    refuseUnlike(group);
    await refuseUnlikeFiles(group, filesOf(plan.records));
    const threads = process.env.TF_NUM_INTRAOP_THREADS ? undefined : processorsOf(mpi);
    return await host(plan, () => group, { ...context, ...(threads && { threads }) });
  } finally {
    group.dispose();
  }
}

async function host(
  plan: TrainingPlan,
  join: () => Group,
  { backend, threads, log, onReport, signal }: LaunchContext & { threads?: number },
): Promise<Outcome> {
  const replica = await hostReplica<object, Outcome, TrainingPlan>({
    module: createReplica,
    proof,
    join,
    device: { engine: backend, ...(threads && { threads }) },
    options: plan,
    log,
  });
  return replica.run(
    {},
    { signal: signal ?? new AbortController().signal, report: (value) => onReport(value as Report) },
  );
}

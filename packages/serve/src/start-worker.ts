import type { ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { ownModule, startProcess } from "@seg/node";
import type { WorkerSetup } from "./messages.ts";

/** More workers than these each hold a copy of the weights for little gain; each takes several threads then. */
const MOST_WORKERS = 8;

/**
 * How many workers there are, and how many threads each has: as many as there are processors, or one for each GPU.
 *
 * @param wanted - a number, where the processors are not to decide.
 */
export function workersFor(
  wanted: number | undefined,
  gpus: readonly number[] | undefined,
  processors = availableParallelism(),
): { workers: number; threads: number } {
  const each = Math.ceil(processors / MOST_WORKERS);
  const workers = wanted ?? gpus?.length ?? Math.max(1, Math.floor(processors / each));
  return { workers, threads: Math.max(1, Math.floor(processors / workers)) };
}

/** Starts a worker's process. */
export function startWorker(setup: WorkerSetup): ChildProcess {
  const { gpu } = setup;
  const child = startProcess(ownModule("./worker-main", import.meta.url), [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", process.env.SEG_DEBUG === "1" ? "inherit" : "pipe", "ipc"],
    // Several workers may share a GPU; by itself TensorFlow would give all its memory to the first.
    env: {
      TF_FORCE_GPU_ALLOW_GROWTH: "true",
      ...process.env,
      ...(gpu !== undefined && { CUDA_VISIBLE_DEVICES: `${gpu}` }),
    },
  });
  // Where it is gone already, its end follows.
  child.send(setup, () => {});
  return child;
}

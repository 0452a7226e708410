import type { ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { ownModule, startWorkerProcess } from "@seg/node";
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
export const startWorker = (setup: WorkerSetup): ChildProcess =>
  startWorkerProcess(ownModule("./worker-main", import.meta.url), setup);

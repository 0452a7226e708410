import { atExit } from "./at-exit.ts";
import { CollectiveError } from "./errors.ts";
import type { Group } from "./group.ts";
import { checkChunkLength, checkRank, checkSize, checkTimeout, TIMEOUT_MS } from "./options.ts";
import type { Futex } from "./shared-memory/futex.ts";
import {
  ABSENT,
  COMPLETE,
  defaultChunkLength,
  JOINED,
  LEFT,
  lineOf,
  STATE,
  sharedBytes,
} from "./shared-memory/layout.ts";
import { SharedMemoryGroup } from "./shared-memory/shared-memory-group.ts";
import type { WaitingOptions } from "./waiting.ts";

/** Options of {@link createThreadGroup}. */
export interface ThreadGroupOptions {
  /** The world size: 1 to 1024. */
  size: number;
  /** How long a call waits for the others, in milliseconds; 10 000 unless given. `Infinity` waits for ever. */
  timeoutMs?: number;
  /** Numbers in a chunk of the pipeline, 2^19 / size unless given, which takes 6 MiB of shared memory for the group. */
  chunkLength?: number;
}

/** What threads need to form a group; goes to them in `workerData` or a message. */
export interface ThreadGroupHandle {
  readonly memory: SharedArrayBuffer;
  readonly size: number;
  readonly timeoutMs: number;
  readonly chunkLength: number;
}

/**
 * Makes a group of threads of this process, which each thread then joins by {@link joinThreadGroup}.
 *
 * @returns goes to the threads in `workerData` or a message; it holds shared memory.
 * @throws {CollectiveError} `option` for options out of range.
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { createThreadGroup, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 *
 * // This module runs in three threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 3 }) : workerData.handle;
 * const rank: number = isMainThread ? 0 : workerData.rank;
 * for (const rank of isMainThread ? [1, 2] : []) new Worker(new URL(import.meta.url), { workerData: { handle, rank } });
 * const group = joinThreadGroup(handle, rank);
 * const data = Float32Array.of(rank, 10);
 * group.allReduce(data);
 * console.log(data.join(" ")); // 3 30
 * group.dispose();
 * ```
 */
export function createThreadGroup(options: ThreadGroupOptions): ThreadGroupHandle {
  const { size, timeoutMs = TIMEOUT_MS, chunkLength = defaultChunkLength(options.size) } = options;
  checkSize(size);
  checkTimeout(timeoutMs);
  checkChunkLength(chunkLength);
  return { memory: new SharedArrayBuffer(sharedBytes(size, chunkLength)), size, timeoutMs, chunkLength };
}

/**
 * Joins a group of threads as one of its ranks. Returns at once; the first call waits for the others.
 *
 * A thread that ends, or is marked as dead by {@link markThreadDead}, makes the others throw `dead`; one that hangs, or was terminated
 * without being marked, makes them throw `timeout`.
 *
 * @param waiting - who is told of long waits.
 * @throws {CollectiveError} `option` for a rank out of range, or one that has been taken.
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { createThreadGroup, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 *
 * // This module runs in two threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 2 }) : workerData;
 * if (isMainThread) new Worker(new URL(import.meta.url), { workerData: handle });
 * const group = joinThreadGroup(handle, isMainThread ? 0 : 1);
 * console.log(group.allGather(Float32Array.of(group.rank, 7)).join(" ")); // 0 7 1 7
 * group.dispose();
 * ```
 */
export function joinThreadGroup(handle: ThreadGroupHandle, rank: number, waiting: WaitingOptions = {}): Group {
  const { memory, size, timeoutMs, chunkLength } = handle;
  checkRank(rank, size);
  const control = new Int32Array(memory, 0, lineOf(size));
  if (Atomics.compareExchange(control, lineOf(rank) + STATE, ABSENT, JOINED) !== ABSENT)
    throw new CollectiveError(
      "option",
      { expected: "each rank to join once", but: `rank ${rank} has joined before` },
      { data: { option: "rank", rank, received: rank } },
    );
  const cancel = atExit(() => markThreadDead(handle, rank));
  return new SharedMemoryGroup({
    buffer: memory,
    rank,
    size,
    chunkLength,
    timeoutMs,
    futex: threadFutex(control),
    hasDied: () => false,
    release: cancel,
    ...waiting,
  });
}

/**
 * Marks the thread of `rank` as dead, to be called on its `exit` event: the others fail at once, not after their time limit.
 *
 * @throws {CollectiveError} `option` for a rank out of range.
 *
 * @example
 * ```ts
 * import { Worker } from "node:worker_threads";
 * import { CollectiveError, createThreadGroup, joinThreadGroup, markThreadDead } from "@seg/collectives";
 *
 * const handle = createThreadGroup({ size: 2 });
 * // A worker that is terminated can say nothing itself.
 * const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
 * worker.on("exit", () => markThreadDead(handle, 1));
 * await worker.terminate();
 * try {
 *   joinThreadGroup(handle, 0).barrier();
 * } catch (error) {
 *   if (!(error instanceof CollectiveError)) throw error;
 *   console.log(error.code, error.rank); // dead 1
 * }
 * ```
 */
export function markThreadDead({ memory, size }: ThreadGroupHandle, rank: number): void {
  checkRank(rank, size);
  const control = new Int32Array(memory, 0, lineOf(size));
  Atomics.store(control, lineOf(rank) + STATE, LEFT);
  Atomics.notify(control, COMPLETE);
}

function threadFutex(control: Int32Array): Futex {
  return {
    wait: (index, value, ms) => void Atomics.wait(control, index, value, ms),
    wake: (index) => void Atomics.notify(control, index),
  };
}

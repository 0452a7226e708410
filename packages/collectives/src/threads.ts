import { CollectiveError } from "./errors.ts";
import type { Group } from "./group.ts";
import { checkChunkLength, checkRank, checkSize, checkTimeout, TIMEOUT_MS } from "./options.ts";
import { atExit } from "./shared/at-exit.ts";
import { ABSENT, COMPLETE, defaultChunkLength, JOINED, LEFT, lineOf, STATE, sharedBytes } from "./shared/layout.ts";
import { SharedGroup } from "./shared/shared-group.ts";
import type { Sleeper } from "./shared/sleeper.ts";

export interface ThreadGroupOptions {
  /** How many ranks: 1 to 1024. */
  size: number;
  /** How long a call waits for the others, in milliseconds; 10 000 unless given. `Infinity` waits for ever. */
  timeoutMs?: number;
  /** How many numbers each rank passes on at a time, 2^19 / size unless given, which takes 6 MiB for the group. */
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
 * @throws {CollectiveError} `option` for options out of range.
 */
export function createThreadGroup(options: ThreadGroupOptions): ThreadGroupHandle {
  const { size, timeoutMs = TIMEOUT_MS, chunkLength = defaultChunkLength(options.size) } = options;
  checkSize(size);
  checkTimeout(timeoutMs);
  checkChunkLength(chunkLength);
  return { memory: new SharedArrayBuffer(sharedBytes(size, chunkLength)), size, timeoutMs, chunkLength };
}

/**
 * This thread's place in a group of threads. Returns at once; the first call waits for the others.
 *
 * A thread that ends, or is told to have ended by {@link markThreadDead}, makes the others throw `dead`; one that is stuck, or was
 * terminated without that, makes them throw `timeout`.
 *
 * @throws {CollectiveError} `option` for a rank out of range, or one that has been taken.
 */
export function joinThreadGroup(handle: ThreadGroupHandle, rank: number): Group {
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
  return new SharedGroup({
    buffer: memory,
    rank,
    size,
    chunkLength,
    timeoutMs,
    sleeper: threadSleeper(control),
    release: cancel,
  });
}

/**
 * Tells a group that the thread of `rank` has ended, for whoever sees its `exit` event: the others need not wait until their time is out.
 *
 * @throws {CollectiveError} `option` for a rank out of range.
 */
export function markThreadDead({ memory, size }: ThreadGroupHandle, rank: number): void {
  checkRank(rank, size);
  const control = new Int32Array(memory, 0, lineOf(size));
  Atomics.store(control, lineOf(rank) + STATE, LEFT);
  Atomics.notify(control, COMPLETE);
}

function threadSleeper(control: Int32Array): Sleeper {
  return {
    sleep: (index, value, ms) => void Atomics.wait(control, index, value, ms),
    wake: (index) => void Atomics.notify(control, index),
    hasDied: () => false,
  };
}

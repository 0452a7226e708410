import { closeSync } from "node:fs";
import { hasEnded, IDENTITY_LENGTH, ownIdentity, type ProcessIdentity } from "@seg/node";
import { atExit } from "../at-exit.ts";
import { timeoutError } from "../call-errors.ts";
import { CollectiveError } from "../errors.ts";
import type { Group } from "../group.ts";
import { checkChunkLength, checkName, checkRank, checkSize, checkTimeout, TIMEOUT_MS } from "../options.ts";
import type { Futex } from "../shared-memory/futex.ts";
import {
  ABSENT,
  defaultChunkLength,
  IDENTITY,
  JOINED,
  LEFT,
  lineOf,
  STATE,
  sharedBytes,
} from "../shared-memory/layout.ts";
import { SharedMemoryGroup } from "../shared-memory/shared-memory-group.ts";
import { sleepSync } from "../sleep-sync.ts";
import { type WaitingOptions, WaitingTeller } from "../waiting.ts";
import { createSegment, openSegment, type Segment } from "./segment.ts";
import { loadSystemCalls, type SystemCalls } from "./system-calls.ts";

/** Options of {@link joinProcessGroup}. */
export interface ProcessGroupOptions extends WaitingOptions {
  /** The same on all ranks, and no other group's on this machine while this one forms: letters, digits, `.`, `_` and `-`. */
  name: string;
  /** This process's rank, from 0. */
  rank: number;
  /** The world size: 1 to 1024. */
  size: number;
  /** How long to wait for the others, here and in each call, in milliseconds; 10 000 unless given. `Infinity` waits for ever. */
  timeoutMs?: number;
  /** Numbers in a chunk of the pipeline, 2^19 / size unless given, which takes 6 MiB of shared memory for the group; rank 0's counts. */
  chunkLength?: number;
}

/** How often a rank checks whether the segment exists. */
const POLL_MS = 5;

/**
 * Forms a group of processes on this machine and waits until all ranks have joined. Their shared-memory segment
 * is unlinked when this returns, so that nothing is left however the processes end.
 *
 * @throws {CollectiveError} `timeout` or `dead` if a rank does not come; `option`; `mismatch` if sizes differ; `unavailable` without koffi.
 *
 * @example
 * ```ts
 * import { joinProcessGroup, single } from "@seg/collectives";
 *
 * // `RANK=0 SIZE=2 node sum.mjs & RANK=1 SIZE=2 node sum.mjs` are a group of two; alone it needs no koffi.
 * const [rank, size] = [Number(process.env.RANK ?? 0), Number(process.env.SIZE ?? 1)];
 * const group = size === 1 ? single : joinProcessGroup({ name: "sum", rank, size });
 * const sum = Float32Array.of(rank + 1);
 * group.allReduce(sum);
 * console.log(sum[0] === (size * (size + 1)) / 2); // true
 * group.dispose();
 * ```
 */
export function joinProcessGroup(options: ProcessGroupOptions): Group {
  const { name, rank, size, timeoutMs = TIMEOUT_MS, chunkLength = defaultChunkLength(size), ...waiting } = options;
  checkName(name);
  checkSize(size);
  checkRank(rank, size);
  checkTimeout(timeoutMs);
  checkChunkLength(chunkLength);
  const system = loadSystemCalls();
  const start = performance.now();
  const tell = new WaitingTeller(rank, waiting).begin("join");
  for (;;) {
    const segment = rank === 0 ? createSegment(name, size, chunkLength) : openSegment(name);
    const group = segment && enter(segment, system, { name, rank, size, timeoutMs, ...waiting });
    if (group) return group;
    const waited = performance.now() - start;
    if (waited >= timeoutMs) throw timeoutError([0], timeoutMs, `the group "${name}"`);
    tell(waited, [0]);
    sleepSync(POLL_MS);
  }
}

/** Joins the group of a segment; undefined if the process that took this rank has ended, so that this group will never form. */
function enter(
  segment: Segment,
  system: SystemCalls,
  {
    name,
    rank,
    size,
    timeoutMs,
    ...waiting
  }: Omit<ProcessGroupOptions, "chunkLength" | "timeoutMs"> & { timeoutMs: number },
): Group | undefined {
  let unmap = () => {};
  try {
    if (segment.size !== size)
      throw new CollectiveError(
        "mismatch",
        {
          expected: `the same size on every rank of the group "${name}"`,
          but: `rank 0 said ${segment.size} and rank ${rank} ${size}`,
        },
        { data: { rank, group: name, expected: segment.size, received: size } },
      );
    const bytes = sharedBytes(size, segment.chunkLength);
    const mapped = system.map(segment.fd, bytes);
    unmap = mapped.unmap;
    const control = new Int32Array(mapped.buffer, 0, lineOf(size));
    const line = lineOf(rank);
    if (Atomics.compareExchange(control, line + STATE, ABSENT, JOINED) !== ABSENT) {
      unmap();
      if (hasEnded(identityIn(control, rank))) return undefined;
      throw new CollectiveError(
        "option",
        {
          expected: "each rank to join once",
          but: `rank ${rank} of the group "${name}" has been taken by process ${control[line + IDENTITY]}`,
        },
        { data: { option: "rank", rank, received: rank, group: name } },
      );
    }
    control.set(ownIdentity(), line + IDENTITY);
    const cancel = atExit(() => Atomics.store(control, line + STATE, LEFT));
    const group = new SharedMemoryGroup({
      buffer: mapped.buffer,
      rank,
      size,
      chunkLength: segment.chunkLength,
      timeoutMs,
      futex: processFutex(control, system),
      hasDied: (other) => hasEnded(identityIn(control, other)),
      ...waiting,
      release() {
        cancel();
        unmap();
      },
    });
    try {
      group.join();
    } catch (error) {
      group.dispose();
      throw error;
    } finally {
      segment.unlink();
    }
    return group;
  } finally {
    closeSync(segment.fd);
  }
}

function identityIn(control: Int32Array, rank: number): ProcessIdentity {
  const at = lineOf(rank) + IDENTITY;
  return [...control.subarray(at, at + IDENTITY_LENGTH)] as unknown as ProcessIdentity;
}

function processFutex(control: Int32Array, { futexWait, futexWake }: SystemCalls): Futex {
  return {
    wait(index, value, ms) {
      if (futexWait) futexWait(control.subarray(index), value, ms);
      // Without futexes nobody can wake this rank, so it polls.
      else sleepSync(Math.min(ms, 0.1));
    },
    wake: (index) => futexWake(control.subarray(index)),
  };
}

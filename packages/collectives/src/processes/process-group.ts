import { closeSync } from "node:fs";
import { hasEnded, IDENTITY_LENGTH, ownIdentity, type ProcessIdentity } from "@seg/node";
import { CollectiveError } from "../errors.ts";
import { timeoutError } from "../failures.ts";
import type { Group } from "../group.ts";
import { nap } from "../nap.ts";
import { checkChunkLength, checkName, checkRank, checkSize, checkTimeout, TIMEOUT_MS } from "../options.ts";
import { atExit } from "../shared/at-exit.ts";
import { ABSENT, defaultChunkLength, IDENTITY, JOINED, LEFT, lineOf, STATE, sharedBytes } from "../shared/layout.ts";
import { SharedGroup } from "../shared/shared-group.ts";
import type { Sleeper } from "../shared/sleeper.ts";
import { createSegment, openSegment, type Segment } from "./segment.ts";
import { loadSystem, type System } from "./system.ts";

export interface ProcessGroupOptions {
  /** The same on all ranks, and no other group's on this machine while this one forms: letters, digits, `.`, `_` and `-`. */
  name: string;
  /** This process's place, from 0. */
  rank: number;
  /** How many ranks: 1 to 1024. */
  size: number;
  /** How long to wait for the others, here and in each call, in milliseconds; 10 000 unless given. `Infinity` waits for ever. */
  timeoutMs?: number;
  /** How many numbers each rank passes on at a time, 2^19 / size unless given, which takes 6 MiB for the group; rank 0's holds. */
  chunkLength?: number;
}

/** How often a rank looks whether the segment is there. */
const LOOK_MS = 5;

/**
 * Forms a group of processes on this machine and waits until all ranks have joined. They share memory; its name is gone when this returns, so
 * that nothing is left however the processes end.
 *
 * @throws {CollectiveError} `timeout` or `dead` if a rank does not come; `option`; `mismatch` if sizes differ; `unavailable` without koffi.
 */
export function joinProcessGroup(options: ProcessGroupOptions): Group {
  const { name, rank, size, timeoutMs = TIMEOUT_MS, chunkLength = defaultChunkLength(size) } = options;
  checkName(name);
  checkSize(size);
  checkRank(rank, size);
  checkTimeout(timeoutMs);
  checkChunkLength(chunkLength);
  const system = loadSystem();
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const segment = rank === 0 ? createSegment(name, size, chunkLength) : openSegment(name);
    const group = segment && enter(segment, system, { name, rank, size, timeoutMs });
    if (group) return group;
    if (performance.now() >= deadline) throw timeoutError([0], timeoutMs, `the group "${name}"`);
    nap(LOOK_MS);
  }
}

/** Takes a place in the segment; undefined if it is that of a rank that has ended, so that this group will never be. */
function enter(
  segment: Segment,
  system: System,
  { name, rank, size, timeoutMs }: Required<Omit<ProcessGroupOptions, "chunkLength">>,
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
    const place = lineOf(rank);
    if (Atomics.compareExchange(control, place + STATE, ABSENT, JOINED) !== ABSENT) {
      unmap();
      if (hasEnded(identityIn(control, rank))) return undefined;
      throw new CollectiveError(
        "option",
        {
          expected: "each rank to join once",
          but: `rank ${rank} of the group "${name}" has been taken by process ${control[place + IDENTITY]}`,
        },
        { data: { option: "rank", rank, received: rank, group: name } },
      );
    }
    control.set(ownIdentity(), place + IDENTITY);
    const cancel = atExit(() => Atomics.store(control, place + STATE, LEFT));
    const group = new SharedGroup({
      buffer: mapped.buffer,
      rank,
      size,
      chunkLength: segment.chunkLength,
      timeoutMs,
      sleeper: processSleeper(control, system),
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

function processSleeper(control: Int32Array, { sleep, wake }: System): Sleeper {
  return {
    sleep(index, value, ms) {
      if (sleep) sleep(control.subarray(index), value, ms);
      // Nobody can wake this one, so it wakes by itself, soon.
      else nap(Math.min(ms, 0.1));
    },
    wake: (index) => wake(control.subarray(index)),
    hasDied: (rank) => hasEnded(identityIn(control, rank)),
  };
}

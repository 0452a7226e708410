import { randomUUID } from "node:crypto";
import {
  createThreadGroup,
  type Group,
  joinProcessGroup,
  joinThreadGroup,
  single,
  type ThreadGroupHandle,
  type Waiting,
} from "@seg/collectives";
import type { Launcher } from "../replica/device.ts";

/** What replicas need to join their group (rendezvous); it can be sent to them. */
export type GroupHandle =
  | { kind: "single" }
  | { kind: "threads"; handle: ThreadGroupHandle; waitingMs: number | undefined }
  | { kind: "processes"; name: string; size: number; timeoutMs: number; waitingMs: number | undefined };

/** How long ranks wait for each other, and after how long they tell of it, in milliseconds. */
export interface GroupTimes {
  timeoutMs: number;
  waitingMs?: number | undefined;
}

/**
 * Makes a group for replicas to join.
 *
 * @throws {CollectiveError} `option`
 */
export function createGroup(launcher: Launcher, size: number, { timeoutMs, waitingMs }: GroupTimes): GroupHandle {
  if (size === 1) return { kind: "single" };
  if (launcher === "threads") return { kind: "threads", handle: createThreadGroup({ size, timeoutMs }), waitingMs };
  return { kind: "processes", name: `replicas-${randomUUID()}`, size, timeoutMs, waitingMs };
}

/** Joins the group as `rank`, which tells of long waits. */
export function joinGroup(group: GroupHandle, rank: number, onWaiting: (waiting: Waiting) => void): Group {
  if (group.kind === "single") return single;
  const { waitingMs } = group;
  return group.kind === "threads"
    ? joinThreadGroup(group.handle, rank, { onWaiting, waitingMs })
    : joinProcessGroup({ ...group, rank, onWaiting });
}

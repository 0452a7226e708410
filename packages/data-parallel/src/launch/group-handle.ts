import { randomUUID } from "node:crypto";
import {
  createThreadGroup,
  type Group,
  joinProcessGroup,
  joinThreadGroup,
  single,
  type ThreadGroupHandle,
} from "@seg/collectives";
import type { Launcher } from "../replica/device.ts";

/** What replicas need to join their group (rendezvous); it can be sent to them. */
export type GroupHandle =
  | { kind: "single" }
  | { kind: "threads"; handle: ThreadGroupHandle }
  | { kind: "processes"; name: string; size: number; timeoutMs: number };

/**
 * Makes a group for replicas to join.
 *
 * @throws {CollectiveError} `option`
 */
export function createGroup(launcher: Launcher, size: number, timeoutMs: number): GroupHandle {
  if (size === 1) return { kind: "single" };
  if (launcher === "threads") return { kind: "threads", handle: createThreadGroup({ size, timeoutMs }) };
  return { kind: "processes", name: `replicas-${randomUUID()}`, size, timeoutMs };
}

/** Joins the group as `rank`. */
export function joinGroup(group: GroupHandle, rank: number): Group {
  if (group.kind === "single") return single;
  return group.kind === "threads" ? joinThreadGroup(group.handle, rank) : joinProcessGroup({ ...group, rank });
}

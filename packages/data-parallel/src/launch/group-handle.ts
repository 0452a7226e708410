import { createThreadGroup, type Group, joinThreadGroup, solo, type ThreadGroupHandle } from "@seg/collectives";
import type { Launcher } from "../replica/device.ts";

/** What replicas need to find each other; it can be sent to them. */
export type GroupHandle = { kind: "solo" } | { kind: "threads"; handle: ThreadGroupHandle };

/**
 * Makes a group for replicas to join.
 *
 * @throws {CollectiveError} `option`; `unavailable` if processes cannot share memory here.
 */
export async function createGroup(launcher: Launcher, size: number, timeoutMs: number): Promise<GroupHandle> {
  if (size === 1) return { kind: "solo" };
  if (launcher === "threads") return { kind: "threads", handle: createThreadGroup({ size, timeoutMs }) };
  throw new Error("not yet");
}

/** A replica's place in it. */
export async function joinGroup(group: GroupHandle, rank: number): Promise<Group> {
  return group.kind === "solo" ? solo : joinThreadGroup(group.handle, rank);
}

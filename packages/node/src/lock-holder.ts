import { hostname } from "node:os";
import { dirname } from "node:path";
import { shown } from "@seg/errors";
import { ownIdentity, stateOf } from "./identity.ts";
import type { FoundLock, Holder, LockOwner } from "./lock-file.ts";
import { bootId, isOnLocalDisk, timeNamespace } from "./machine.ts";

/** This process as the holder of a lock. */
export function ownHolder(id: string): Holder {
  const [pid, started, namespace] = ownIdentity();
  const since = new Date().toISOString();
  return { pid, host: hostname(), since, started, namespace, boot: bootId(), clock: timeNamespace(), id };
}

type HolderState = ReturnType<typeof stateOf>;

/** Whether a lock's holder runs: `unknown` where that cannot be told from here. Never by a clock: a holder may be stopped for hours. */
export async function stateOfHolder(path: string, holder: FoundLock | undefined): Promise<HolderState> {
  if (!holder) return "unknown";
  const isLocal = await isOnLocalDisk(dirname(path));
  // It was copied with its folder.
  if (isLocal && holder.isCopy) return "ended";
  if (holder.boot && bootId()) {
    // On a disk that one machine at a time has, it is of this machine before its last start, or of one that had the disk before.
    if (holder.boot !== bootId()) return isLocal ? "ended" : "unknown";
    // Machines that were woken from the same snapshot have the same.
    if (!isLocal && holder.host !== hostname()) return "unknown";
  } else if (holder.host !== hostname()) return "unknown";
  if (holder.clock !== undefined && holder.clock !== timeNamespace()) return "unknown";
  // An older version may not have written the last two.
  const { pid, started = 0, namespace = ownIdentity()[2] } = holder;
  return stateOf([pid, started, namespace]);
}

/** A line about who holds a lock, and where it cannot be told whether that process still runs, how to remove the lock. */
export function heldLine(path: string, owner: LockOwner | undefined, state: HolderState): string {
  if (!owner) return `${path} is there and does not say whose it is: if nobody is at work, delete it.`;
  const since = owner.since ? ` since ${shortened(owner.since)}` : "";
  const held = `${path} is held by process ${owner.pid} on ${shortened(owner.host)}${since}`;
  if (state === "running") return `${held}.`;
  return `${held}; whether that process still runs cannot be told from here: if it does not, delete the file.`;
}

const shortened = (text: string) => shown(text, 80).slice(1, -1);

import { statSync } from "node:fs";
import { processStatus } from "@seg/node";

/** Which process it is: its number, the time it started (numbers are used again), and the container whose numbers these are. */
export type Identity = readonly [pid: number, start: number, namespace: number];

/** How many numbers an {@link Identity} has. */
export const IDENTITY_LENGTH = 3;

/** This process. */
export function ownIdentity(): Identity {
  return [process.pid, startOf(processStatus(process.pid)), ownNamespace()];
}

/** Whether a process on this machine has surely ended. */
export function hasEnded([pid, start, namespace]: Identity): boolean {
  // Processes of another container cannot be seen from here.
  if (pid === 0 || namespace !== ownNamespace()) return false;
  const status = processStatus(pid);
  // A process that was killed stays a zombie until its parent takes notice, and the parent may be waiting in a group.
  if (!status || status.zombie) return true;
  const now = startOf(status);
  // 0: the system does not tell. One more or less is how ps rounds; a number is not used again so soon.
  return start !== 0 && now !== 0 && Math.abs(now - start) > 1;
}

/** A start time in the 31 bits that shared memory has for it. */
const startOf = (status: { started: number } | undefined) => (status?.started ?? 0) % 2 ** 31;

let namespace: number | undefined;

function ownNamespace(): number {
  namespace ??= readNamespace();
  return namespace;
}

/** Linux's number of the container; 0 elsewhere. */
function readNamespace(): number {
  try {
    return statSync("/proc/self/ns/pid").ino % 2 ** 31;
  } catch {
    return 0;
  }
}

import { statSync } from "node:fs";
import { processStatus } from "./process-status.ts";

/**
 * Identifies a process: its PID, its start time (PIDs are reused), and its PID namespace (container). Integers below 2^31, so that an
 * `Int32Array` in shared memory holds them.
 */
export type ProcessIdentity = readonly [pid: number, started: number, namespace: number];

/** How many numbers a {@link ProcessIdentity} has. */
export const IDENTITY_LENGTH = 3;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return [process.pid, startOf(processStatus(process.pid)), ownNamespace()];
}

/** Whether a process of this machine has surely ended. */
export function hasEnded(identity: ProcessIdentity): boolean {
  return stateOf(identity) === "ended";
}

/** Its state: `unknown` for processes of other PID namespaces, and where the system has no start times. */
export function stateOf([pid, started, namespace]: ProcessIdentity): "running" | "ended" | "unknown" {
  if (pid === 0 || namespace !== ownNamespace()) return "unknown";
  const status = processStatus(pid);
  // A process that was killed stays a zombie until its parent reaps it, and the parent may be waiting for it.
  if (!status || status.zombie) return "ended";
  const now = startOf(status);
  if (started === 0 || now === 0) return "unknown";
  // ps rounds to ±1 s; a PID is not reused so soon.
  return Math.abs(now - started) > 1 ? "ended" : "running";
}

const startOf = (status: { started: number } | undefined) => (status?.started ?? 0) % 2 ** 31;

let namespace: number | undefined;

function ownNamespace(): number {
  namespace ??= readNamespace();
  return namespace;
}

/** The inode of the PID namespace on Linux; 0 elsewhere. */
function readNamespace(): number {
  try {
    return statSync("/proc/self/ns/pid").ino % 2 ** 31;
  } catch {
    return 0;
  }
}

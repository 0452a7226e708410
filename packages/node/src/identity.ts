import { statSync } from "node:fs";
import { processStatus } from "./process-status.ts";

/**
 * Identifies a process: its PID, its start time (PIDs are reused), and its PID namespace (container). Integers below 2^31, so that an
 * `Int32Array` in shared memory holds them.
 */
export type ProcessIdentity = readonly [pid: number, started: number, namespace: number];

/** How many numbers a {@link ProcessIdentity} has. */
export const IDENTITY_LENGTH = 3;

/**
 * The identity of this process. The start is 0 on Windows, the namespace 0 everywhere but on Linux.
 *
 * @example
 * ```ts
 * import { hasEnded, ownIdentity } from "@seg/node";
 *
 * const [pid, started, namespace] = ownIdentity();
 * console.log(pid === process.pid); // true
 * // Whoever had this PID before is another process.
 * console.log(hasEnded([pid, started - 100, namespace])); // true
 * ```
 */
export function ownIdentity(): ProcessIdentity {
  return [process.pid, startOf(processStatus(process.pid)), ownNamespace()];
}

/**
 * Whether a process of this machine has surely ended; false where that cannot be told, as of a process of another container.
 *
 * @example
 * ```ts
 * import { spawn } from "node:child_process";
 * import { once } from "node:events";
 * import { hasEnded, ownIdentity } from "@seg/node";
 *
 * const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
 * await once(child, "exit");
 * const [, started, namespace] = ownIdentity();
 * console.log(hasEnded([child.pid ?? 0, started, namespace])); // true
 * console.log(hasEnded(ownIdentity())); // false
 * ```
 */
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

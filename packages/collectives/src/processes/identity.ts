import { readFileSync, statSync } from "node:fs";

/** Which process it is: its number, the time it started (numbers are used again), and the container whose numbers these are. */
export type Identity = readonly [pid: number, start: number, namespace: number];

/** How many numbers an {@link Identity} has. */
export const IDENTITY_LENGTH = 3;

/** This process. */
export function ownIdentity(): Identity {
  return [process.pid, statusOf(process.pid)?.start ?? 0, ownNamespace()];
}

/** Whether a process on this machine has surely ended. */
export function hasEnded([pid, start, namespace]: Identity): boolean {
  // Processes of another container cannot be seen from here.
  if (pid === 0 || namespace !== ownNamespace()) return false;
  if (process.platform !== "linux") return !answers(pid);
  const status = statusOf(pid);
  // A process that was killed stays a zombie until its parent takes notice, and the parent may be waiting in a group.
  return !status || status.state === "Z" || status.state === "X" || status.start !== start;
}

/** State letter and start time (ticks since boot, 31 bits of it), or undefined if there is no such process or no /proc. */
function statusOf(pid: number): { state: string; start: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in brackets, may hold anything; fields are counted from behind it.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, start: Number(fields[19]) % 2 ** 31 };
  } catch {
    return undefined;
  }
}

let namespace: number | undefined;

function ownNamespace(): number {
  namespace ??= readNamespace();
  return namespace;
}

function readNamespace(): number {
  try {
    return statSync("/proc/self/ns/pid").ino % 2 ** 31;
  } catch {
    return 0;
  }
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

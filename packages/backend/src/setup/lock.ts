import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { BackendError } from "../errors.ts";

/** Who holds a lock. `started` tells a process from a later one with the same number; absent where the system hides it. */
interface Holder {
  pid: number;
  host: string;
  started?: string | undefined;
}

/**
 * Takes the lock file `path`, or throws. A lock whose process is gone is taken over. Nothing is damaged should two processes
 * take over the same dead lock at the same moment: the lock saves work, the renames after it keep things whole.
 *
 * @returns a function that gives the lock back.
 * @throws {BackendError} `busy`, with the holder's process number.
 */
export function takeLock(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true });
  const me: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, JSON.stringify(me), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = readHolder(path);
    if (attempt > 0 || (holder && isAlive(holder))) {
      const who = holder ? `process ${holder.pid} on ${holder.host}` : "another process";
      throw new BackendError(
        "busy",
        `Another setup is at work (${who}): wait for it, or delete ${path} if it is gone.`,
      );
    }
    rmSync(path, { force: true });
  }
}

/** The holder, or undefined if the file holds none: its process was killed while writing it, or has just removed it. */
function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function isAlive({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return started === startOf(pid);
}

/** When the process began, in the kernel's clock ticks since boot; undefined outside Linux. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may itself hold spaces; the start is the 22nd field.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

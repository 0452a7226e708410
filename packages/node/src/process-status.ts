import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";

/** The state of an existing process. */
export interface ProcessStatus {
  /** It has ended, and its parent has not reaped it. Always false on Windows, which has no zombies. */
  zombie: boolean;
  /**
   * Its start time, which tells it from a later process of the same PID: an integer, to be compared on this machine only. 0 where the
   * system has none, as Windows.
   */
  started: number;
}

/** How long a result of `ps`, which costs a process of its own, is cached. */
const CACHE_MS = 1000;

const cache = new Map<number, { at: number; status: ProcessStatus | undefined }>();

/**
 * Looks a process up: by `/proc` on Linux, by `ps` on macOS and the BSDs, by its PID alone on Windows.
 *
 * @returns undefined if there is surely no such process.
 *
 * @example
 * ```ts
 * import { processStatus } from "@seg/node";
 *
 * console.log(processStatus(process.pid)?.zombie); // false
 * // PIDs do not become so large.
 * console.log(processStatus(2 ** 30)); // undefined
 * ```
 */
export function processStatus(pid: number, platform: NodeJS.Platform = process.platform): ProcessStatus | undefined {
  if (!exists(pid)) return undefined;
  const status = platform === "linux" ? fromProc(pid) : platform === "win32" ? undefined : fromPs(pid);
  if (status) return status;
  // It ended just now, or the system hides it.
  return exists(pid) ? { zombie: false, started: 0 } : undefined;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function fromProc(pid: number): ProcessStatus | undefined {
  try {
    // In a PID namespace without a /proc of its own, the numbers in there are those of another one.
    const isOwn = readlinkSync("/proc/self") === String(process.pid);
    if (!isOwn && pid !== process.pid) return undefined;
    const text = readFileSync(`/proc/${isOwn ? pid : "self"}/stat`, "latin1");
    // The name, in brackets, may hold anything; fields are counted from behind it. The start is in clock ticks since boot.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { zombie: isZombie(fields[0]!), started: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): ProcessStatus | undefined {
  const known = cache.get(pid);
  if (known && performance.now() - known.at < CACHE_MS) return known.status;
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  // One column an option: what follows an equals sign is a heading to the BSDs' ps.
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env });
  const [, state, start] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(stdout ?? "") ?? [];
  const status = state && start ? { zombie: isZombie(state), started: Date.parse(`${start} UTC`) / 1000 } : undefined;
  cache.set(pid, { at: performance.now(), status });
  return status;
}

const isZombie = (state: string) => /^[ZX]/.test(state);

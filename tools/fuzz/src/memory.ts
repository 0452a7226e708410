import { readFileSync, writeFileSync } from "node:fs";

/** Bytes of memory: what a process has now, and the most that it has had. */
export interface Memory {
  now: number;
  peak: number;
}

/** A process's memory; undefined where there is no `/proc`, or no such process any more. */
export function memoryOf(pid: number | "self"): Memory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const read = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
    return { now: read("VmRSS"), peak: read("VmHWM") };
  } catch {
    return undefined;
  }
}

/** Forgets this process's peak: from now on it is what the memory is at most. */
export function resetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not on this system.
  }
}

/** Seconds of processor time that a process has taken, all its threads together; undefined where there is no `/proc`. */
export function cpuOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // utime and stime, in ticks, of which every Linux has 100 a second.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

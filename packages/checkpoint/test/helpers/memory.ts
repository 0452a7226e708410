import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose_gc");
const collectGarbage: () => void = runInNewContext("gc");

// Linux tells a process's peak since it was last reset; elsewhere only the peak of its whole life is known.
const linux = process.platform === "linux";

function peak(): number {
  if (!linux) return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}

/** The most bytes of memory, resident or promised to array buffers, that `work` took at once beyond what was held before. */
export async function memoryOf(work: () => Promise<void>): Promise<number> {
  collectGarbage();
  if (linux) writeFileSync("/proc/self/clear_refs", "5");
  const { arrayBuffers } = process.memoryUsage();
  const before = linux ? process.memoryUsage().rss : peak();
  await work();
  return Math.max(peak() - before, process.memoryUsage().arrayBuffers - arrayBuffers);
}

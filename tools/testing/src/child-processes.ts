import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Node's arguments for running the sources. */
export const FROM_SOURCE = [
  "--conditions=@seg/source",
  "--import",
  fileURLToPath(new URL("from-source.mjs", import.meta.url)),
];

/** Lets the processes that this one starts run the sources, as this one does. */
export function forkFromSource(): void {
  process.execArgv.push(...FROM_SOURCE);
}

/** The processes that a process has started and that still run; Linux only. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

import type { ChildProcess } from "node:child_process";

/** How many bytes of what a process says last are kept. */
const KEPT = 4096;

/** How a process ended. */
export interface Death {
  /** Its exit code; null if a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last of what it said on stderr. */
  stderr: string;
}

/** Why a process ended, as it completes the sentence "it …": `ran out of memory`, `was killed by SIGSEGV (…)`, `ended with code 1 (…)`. */
export function causeOfDeath({ code, signal, stderr }: Death): string {
  if (/out of memory|bad_alloc/i.test(stderr)) return "ran out of memory";
  if (signal === "SIGKILL") return "was killed by SIGKILL, as the system does when memory runs out";
  const last = stderr.trim().split("\n").at(-1);
  return `${signal ? `was killed by ${signal}` : `ended with code ${code}`}${last ? ` (${last})` : ""}`;
}

/** Listens to a child's stderr, if it is piped; gives the last that was said. */
export function lastWords(child: ChildProcess): () => string {
  const decoder = new TextDecoder();
  let said = "";
  child.stderr?.on("data", (chunk: Uint8Array) => {
    said = `${said}${decoder.decode(chunk, { stream: true })}`.slice(-KEPT);
  });
  return () => said;
}

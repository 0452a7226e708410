import type { ChildProcess } from "node:child_process";

/** How many characters of stderr are kept. */
const TAIL_LENGTH = 4096;

/** How a process ended. */
export interface ProcessExit {
  /** Its exit code; null if a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The tail of its stderr. */
  stderr: string;
}

/** Why a process ended, as it completes the sentence "it …": `ran out of memory`, `was killed by SIGSEGV (…)`, `ended with code 1 (…)`. */
export function exitReason({ code, signal, stderr }: ProcessExit): string {
  if (/out of memory|bad_alloc/i.test(stderr)) return "ran out of memory";
  if (signal === "SIGKILL") return "was killed by SIGKILL, as the system does when memory runs out";
  const last = stderr.trim().split("\n").at(-1);
  return `${signal ? `was killed by ${signal}` : `ended with code ${code}`}${last ? ` (${last})` : ""}`;
}

/** Keeps the tail of a child's stderr, if it is piped; the function returned gives it. */
export function stderrTail(child: ChildProcess): () => string {
  const decoder = new TextDecoder();
  let tail = "";
  child.stderr?.on("data", (chunk: Uint8Array) => {
    tail = `${tail}${decoder.decode(chunk, { stream: true })}`.slice(-TAIL_LENGTH);
  });
  return () => tail;
}

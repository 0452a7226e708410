import type { ChildProcess } from "node:child_process";
import { isOutOfMemory } from "@seg/errors";
import { withLimit } from "./limits.ts";

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

/**
 * Why a process ended, as it completes the sentence "it …": `ran out of memory`, `was killed by SIGSEGV (…)`, `ended with code 1 (…)`; with
 * the limit of the system that was in its way, where its stderr tells of one.
 *
 * @example
 * ```ts
 * import { exitReason } from "@seg/node";
 *
 * console.log(`It ${exitReason({ code: null, signal: "SIGSEGV", stderr: "" })}.`); // It was killed by SIGSEGV.
 * const stderr = "Error: no such layer\n    at main.js:3:9\n";
 * console.log(`It ${exitReason({ code: 1, signal: null, stderr })}.`); // It ended with code 1 (Error: no such layer).
 * ```
 */
export function exitReason({ code, signal, stderr }: ProcessExit): string {
  if (signal === "SIGKILL") return "was killed by SIGKILL, as the system does when memory runs out";
  const said = lastWords(stderr);
  const memory = isOutOfMemory(stderr);
  if (memory) {
    const reason = "ran out of memory";
    const limit = withLimit(reason, new Error(stderr));
    if (limit !== reason) return limit.replace(/\.$/, "");
    return HEAP.test(stderr)
      ? `${reason}, that of JavaScript: NODE_OPTIONS=--max-old-space-size=MEGABYTES gives it more`
      : reason;
  }
  const reason = `${signal ? `was killed by ${signal}` : `ended with code ${code}`}${said ? ` (${said})` : ""}`;
  return withLimit(reason, new Error(stderr)).replace(/\.$/, "");
}

const HEAP = /JavaScript heap out of memory|Reached heap limit/i;

/** The line of a text on stderr that says why: Node's own report of an error has its stack and version behind it. */
function lastWords(stderr: string): string | undefined {
  const lines = stderr.trim().split("\n");
  return lines.findLast((line) => /^(?:\w*Error|FATAL ERROR|# Fatal)\b.*: /.test(line)) ?? lines.at(-1);
}

/**
 * Keeps the tail of a child's stderr, if it is piped.
 *
 * @returns gives what has come so far, its last 4096 characters.
 *
 * @example
 * ```ts
 * import { spawn } from "node:child_process";
 * import { once } from "node:events";
 * import { exitReason, stderrTail } from "@seg/node";
 *
 * const child = spawn(process.execPath, ["--eval", `console.error("no such file"); process.exitCode = 3`]);
 * const tail = stderrTail(child);
 * const [code, signal] = await once(child, "close");
 * console.log(exitReason({ code, signal, stderr: tail() })); // ended with code 3 (no such file)
 * ```
 */
export function stderrTail(child: ChildProcess): () => string {
  const decoder = new TextDecoder();
  let tail = "";
  child.stderr?.on("data", (chunk: Uint8Array) => {
    tail = `${tail}${decoder.decode(chunk, { stream: true })}`.slice(-TAIL_LENGTH);
  });
  return () => tail;
}

/** How Node, V8 and C++ begin to tell of the process's own end, over many lines: a report for who debugs them. */
const LAST_REPORT =
  /^(?:<--- Last few GCs --->|#$|# Fatal |FATAL ERROR: |terminate called after|\[eval\]:\d+$|node:internal\/\S+:\d+$|(?:file:\/\/)?\/\S+\.[cm]?[jt]s:\d+$)/;

/**
 * Passes on what a child says on stderr, if it is piped, line by line, but for the report of its own end, which {@link exitReason} puts into words.
 *
 * @param write - is given a line with its end; the last one may have none.
 *
 * @example
 * ```ts
 * import { spawn } from "node:child_process";
 * import { once } from "node:events";
 * import { forwardStderr } from "@seg/node";
 *
 * const child = spawn(process.execPath, ["--eval", `console.error("epoch 3"); throw new Error("no memory")`]);
 * const said: string[] = [];
 * forwardStderr(child, (text) => said.push(text));
 * await once(child, "close");
 * console.log(said); // [ 'epoch 3\n' ]
 * ```
 */
export function forwardStderr(child: ChildProcess, write: (text: string) => void): void {
  const decoder = new TextDecoder();
  let line = "";
  let isReport = false;
  child.stderr?.on("data", (chunk: Uint8Array) => {
    const lines = `${line}${decoder.decode(chunk, { stream: true })}`.split("\n");
    line = lines.pop()!;
    for (const whole of lines) {
      isReport ||= LAST_REPORT.test(whole);
      if (!isReport) write(`${whole}\n`);
    }
  });
  child.stderr?.on("end", () => {
    if (line && !isReport) write(line);
  });
}

import { exitReason, startProcess, stderrTail } from "@seg/node";
import { firstLine } from "./errors.ts";

/** What bounds a probe. */
export interface ProbeLimits {
  /** How long one engine may take to start and be measured, in milliseconds. Default 60,000. */
  timeout?: number;
  /** Ends the running probes; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Runs a module that tries an engine in a process of its own and sends one message: a library that crashes or hangs becomes a reason.
 *
 * @param entry - The module, as `ownModule` of `@seg/node` names it.
 * @returns What the module sent, or why there is nothing.
 * @throws the signal's reason.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { pathToFileURL } from "node:url";
 * import { runProbe } from "@seg/backend";
 *
 * await writeFile("probe.mjs", "process.send({ threads: 4 }, () => process.exit());");
 * console.log(await runProbe(pathToFileURL("probe.mjs"), [])); // { threads: 4 }
 * await writeFile("broken.mjs", "process.exit(3);");
 * console.log(await runProbe(pathToFileURL("broken.mjs"), [])); // { reason: 'it ended with code 3' }
 * ```
 */
export function runProbe<Found extends object>(
  entry: URL,
  args: readonly string[],
  { timeout = 60_000, signal }: ProbeLimits = {},
): Promise<Found | { reason: string }> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const child = startProcess(entry, [...args], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const stderr = stderrTail(child);
    let result: Found | { reason: string } | undefined;
    const timer = setTimeout(() => {
      result ??= { reason: `it did not answer within ${timeout / 1000} s` };
      child.kill("SIGKILL");
    }, timeout);
    const abort = () => child.kill("SIGKILL");
    signal?.addEventListener("abort", abort);
    child.stdout!.resume();
    child.on("message", (message) => {
      result = message as Found | { reason: string };
    });
    child.on("error", (error) => {
      result ??= { reason: `its process did not start: ${firstLine(error)}` };
    });
    child.on("close", (code, killedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted) return reject(signal.reason);
      resolve(result ?? { reason: `it ${exitReason({ code, signal: killedBy, stderr: stderr() })}` });
    });
  });
}

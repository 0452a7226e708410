import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { Worker } from "node:worker_threads";

const SOURCE = import.meta.url.endsWith(".ts");

/** The files of this package that threads and processes begin with. */
export type OwnEntry = "loader/worker" | "replica/thread" | "replica/process";

// The built files need none. Sources are read as they are by a Node that strips types, but for the names of their imports.
const HOOKS = new URL("../../node/src/typescript-hooks.mjs", import.meta.url).href;
const REGISTER = `import { register } from "node:module"; register(${JSON.stringify(HOOKS)});`;

const addressOf = (entry: OwnEntry) => new URL(`./${entry}.${SOURCE ? "ts" : "js"}`, import.meta.url);
const asModule = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

/** Starts a thread with one of this package's own files. */
export function startThread(entry: OwnEntry, workerData?: unknown): Worker {
  if (!SOURCE) return new Worker(addressOf(entry), { workerData });
  // Not by execArgv, which would have to repeat the flags of this process and refuses some of them.
  return new Worker(asModule(`${REGISTER} await import("${addressOf(entry)}");`), { workerData });
}

/** Starts a process with one of this package's own files, under the flags of this one. */
export function startProcess(entry: OwnEntry, args: string[], options: ForkOptions): ChildProcess {
  const execArgv = SOURCE ? [...process.execArgv, "--import", asModule(REGISTER).href] : process.execArgv;
  return fork(addressOf(entry), args, { ...options, execArgv });
}

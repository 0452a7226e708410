import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const SOURCE = import.meta.url.endsWith(".ts");

/**
 * Node's arguments for running this package's own files in another process or thread: none for the built files or where
 * Node strips types by itself, else what makes TypeScript strip them.
 */
export function ownExecArgv(): string[] {
  if (!SOURCE || (process.features as { typescript?: unknown }).typescript) return [];
  const hooks = new URL("../../node/src/typescript-hooks.mjs", import.meta.url).href;
  const register = `import { register } from "node:module"; register(${JSON.stringify(hooks)});`;
  return ["--import", `data:text/javascript,${encodeURIComponent(register)}`];
}

/** One of this package's own files that a process begins with. */
export function ownFile(name: "probe" | "prove"): string {
  return fileURLToPath(new URL(`./${name}.${SOURCE ? "ts" : "js"}`, import.meta.url));
}

/** Starts the probe in a Node process of its own, with an IPC channel and its output captured. */
export function forkProbe(args: string[]): ChildProcess {
  // Sources are found under the conditions that this process was started with.
  const execArgv = SOURCE ? [...process.execArgv, ...ownExecArgv()] : [];
  return fork(ownFile("probe"), args, { execArgv, stdio: ["ignore", "pipe", "pipe", "ipc"] });
}

import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { extname } from "node:path";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { ensureRoomForThread } from "./limits.ts";

const SOURCE = import.meta.url.endsWith(".ts");

const asModule = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

// Node 20 strips no types, and no Node resolves package names to their sources.
const REGISTER = `import { register } from "node:module"; register(${JSON.stringify(
  new URL("./typescript-hooks.mjs", import.meta.url).href,
)});`;

const needsHooks = (module: URL | string) => SOURCE && String(module).endsWith(".ts");

/**
 * The URL of a module of the caller's own package, with the caller's extension: `.ts` in sources, `.js` when built.
 *
 * @param path - relative to the calling module, without an extension: `./worker`.
 * @param from - the caller's `import.meta.url`.
 *
 * @example
 * ```ts
 * import { ownModule } from "@seg/node";
 *
 * console.log(ownModule("./worker", "file:///app/src/main.ts").href); // file:///app/src/worker.ts
 * console.log(ownModule("./worker", "file:///app/dist/main.js").href); // file:///app/dist/worker.js
 * ```
 */
export function ownModule(path: string, from: string): URL {
  return new URL(`${path}${extname(from)}`, from);
}

/**
 * Node's flags for a process that runs a module: those that register the TypeScript hooks for sources, none for built modules.
 *
 * @example
 * ```ts
 * import { execFileSync } from "node:child_process";
 * import { writeFile } from "node:fs/promises";
 * import { pathToFileURL } from "node:url";
 * import { execArgvFor } from "@seg/node";
 *
 * await writeFile("greet.mjs", `console.log("hello");`);
 * const flags = execArgvFor(pathToFileURL("greet.mjs"));
 * console.log(execFileSync(process.execPath, [...flags, "greet.mjs"], { encoding: "utf8" }).trim()); // hello
 * ```
 */
export function execArgvFor(module: URL | string): string[] {
  return needsHooks(module) ? ["--import", asModule(REGISTER).href] : [];
}

/** Threads that were started and do not run yet. */
let starting = 0;

/**
 * Starts a worker thread with a module, TypeScript or built.
 *
 * @throws {RangeError} under a limit on addresses that leaves it no room; Node's own error where the system starts no more threads.
 *
 * @example
 * ```ts
 * import { once } from "node:events";
 * import { startThread } from "@seg/node";
 *
 * const code = `import { parentPort, workerData } from "node:worker_threads"; parentPort.postMessage(workerData * 2);`;
 * const worker = startThread(new URL(`data:text/javascript,${code}`), { workerData: 21 });
 * const [answer] = await once(worker, "message");
 * console.log(answer); // 42
 * ```
 */
export function startThread(module: URL, options?: WorkerOptions): Worker {
  ensureRoomForThread(starting);
  // Not by execArgv, which would have to repeat the flags of this process and refuses some of them.
  const code = needsHooks(module) ? asModule(`${REGISTER} await import(${JSON.stringify(module.href)});`) : module;
  const worker = new Worker(code, options);
  starting++;
  const begun = () => {
    starting--;
    worker.off("online", begun).off("exit", begun);
  };
  return worker.on("online", begun).on("exit", begun);
}

/**
 * Starts a process (`fork`) with a module, TypeScript or built, under the flags of this one.
 *
 * @example
 * ```ts
 * import { once } from "node:events";
 * import { writeFile } from "node:fs/promises";
 * import { pathToFileURL } from "node:url";
 * import { startProcess } from "@seg/node";
 *
 * await writeFile("double.mjs", "process.send(process.argv[2] * 2);");
 * const child = startProcess(pathToFileURL("double.mjs"), ["21"]);
 * const [answer] = await once(child, "message");
 * console.log(answer); // 42
 * ```
 */
export function startProcess(module: URL, args: readonly string[] = [], options: ForkOptions = {}): ChildProcess {
  if (!needsHooks(module)) return fork(module, args, options);
  const { execArgv = process.execArgv } = options;
  return fork(module, args, { ...options, execArgv: [...execArgv, ...execArgvFor(module)] });
}

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Node's arguments for running the sources. */
export const FROM_SOURCE = [
  "--conditions=@seg/source",
  "--import",
  fileURLToPath(new URL("from-source.mjs", import.meta.url)),
];

/** Lets the processes that this one starts run the sources, as this one does; more than once is the same as once. */
export function forkFromSource(): void {
  if (!process.execArgv.includes(FROM_SOURCE[0]!)) process.execArgv.push(...FROM_SOURCE);
}

/** The processes that a process has started and that still run; Linux only. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

/** Module hooks that refuse TensorFlow.js, and name the module that wanted it. */
const REFUSE = `export const resolve = (name, context, next) => {
  if (name.startsWith("@tensorflow/")) throw new Error(context.parentURL + " imports " + name);
  return next(name, context);
};`;

/**
 * Loads a module in a process of its own in which TensorFlow.js cannot be imported.
 *
 * @throws if the module cannot be loaded so; the message says what imports TensorFlow.js.
 */
export async function loadWithoutTensorFlow(module: URL): Promise<void> {
  const hooks = `data:text/javascript,${encodeURIComponent(REFUSE)}`;
  const script = `import { register } from "node:module";
register(${JSON.stringify(hooks)});
await import(${JSON.stringify(module.href)});`;
  await promisify(execFile)(process.execPath, [...FROM_SOURCE, "--input-type=module", "--eval", script]);
}

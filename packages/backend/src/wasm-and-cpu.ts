import { availableParallelism, cpus } from "node:os";
import { withLimit } from "@seg/node";
import { startCpu } from "./activate.ts";
import type { Engine } from "./engine.ts";
import { startWasm } from "./wasm-module.ts";

/**
 * The CPU's name, as the system gives it.
 *
 * @example
 * ```ts
 * import { cpuName } from "@seg/backend";
 *
 * // Such as AMD EPYC 7B13.
 * console.log(cpuName().length > 0); // true
 * ```
 */
export function cpuName(): string {
  return `${cpus()[0]?.model.trim() ?? "CPU"} (${availableParallelism()} cores)`;
}

/** TF.js's WebAssembly engine. Its threads are switched off under Node, so it runs on one core. */
export async function loadWasm(): Promise<Engine> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as "uncaughtException")));
  try {
    return await startWasm(cpuName(), { explain: withLimit });
  } finally {
    // They throw what they are told of, which would end the process with code 7 in place of what others do about it.
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as "uncaughtException"))
        if (!before[i]!.has(listener)) process.off(event, listener);
    });
  }
}

/** TF.js's plain JavaScript engine. */
export const loadCpu = (): Promise<Engine> => startCpu(cpuName());

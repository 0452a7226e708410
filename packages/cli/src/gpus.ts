import type { EngineName } from "@seg/backend";
import { CliError } from "./errors.ts";

/**
 * Reads a list of GPUs such as `0-3,6` (also `gpu0,gpu1`) into their numbers, each once, in rising order.
 *
 * @throws {CliError} `usage` if it is not one.
 */
export function parseGpus(text: string): number[] {
  const numbers = new Set<number>();
  for (const item of text.split(",")) {
    const [, first, last = first] = /^\s*(?:gpu)?(\d{1,3})(?:-(?:gpu)?(\d{1,3}))?\s*$/i.exec(item) ?? [];
    if (first === undefined || Number(last) < Number(first)) {
      throw new CliError("usage", `Expected numbers of GPUs such as 0 or 0-3,6 but received "${text}".`);
    }
    for (let gpu = Number(first); gpu <= Number(last); gpu++) numbers.add(gpu);
  }
  return [...numbers].sort((a, b) => a - b);
}

/**
 * The engine for GPUs that were named, if any were: whoever names them wants them used, and only TensorFlow's takes their numbers.
 *
 * @throws {CliError} `usage` if another one was named.
 */
export function engineOn(gpus: readonly number[] | undefined, backend: EngineName | "auto"): EngineName | "auto" {
  if (!gpus) return backend;
  if (backend === "auto" || backend === "tensorflow-gpu") return "tensorflow-gpu";
  throw new CliError(
    "usage",
    `Expected --backend tensorflow-gpu with --gpus but received ${backend}: leave one of the two out.`,
  );
}

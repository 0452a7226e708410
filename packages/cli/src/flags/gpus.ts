import { UsageError } from "../errors.ts";

/**
 * Reads a list of GPUs such as `0-3,6` (also `gpu0,gpu1`) into their numbers, each once, in rising order.
 *
 * @throws {UsageError} if it is not one.
 */
export function parseGpus(text: string): number[] {
  const numbers = new Set<number>();
  for (const item of text.split(",")) {
    const [, first, last = first] = /^\s*(?:gpu)?(\d{1,3})(?:-(?:gpu)?(\d{1,3}))?\s*$/i.exec(item) ?? [];
    if (first === undefined || Number(last) < Number(first)) {
      const explanation = { expected: "numbers of GPUs such as 0 or 0-3,6 for --gpus", received: `"${text}"` };
      throw new UsageError(explanation, { flag: "--gpus", value: text });
    }
    for (let gpu = Number(first); gpu <= Number(last); gpu++) numbers.add(gpu);
  }
  return [...numbers].sort((a, b) => a - b);
}

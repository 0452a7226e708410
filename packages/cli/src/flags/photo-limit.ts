import { UsageError } from "../errors.ts";

/** Reads `--num-val`; undefined means all photos. */
export function photoLimit(text = "-1"): number | undefined {
  const limit = Number(text);
  if (limit === -1) return undefined;
  if (Number.isInteger(limit) && limit > 0) return limit;
  const explanation = { expected: "a number of photos, or -1 for all, for --num-val", received: `"${text}"` };
  throw new UsageError(explanation, { flag: "--num-val", value: text });
}

import { isOutOfMemory, isSegError } from "@seg/errors";
import { PipelineError } from "./errors.ts";

/** Whether memory ran out: an engine's, the runtime's, or this process's own. */
function isAboutMemory(error: unknown): error is Error {
  if (isSegError(error)) return error.code === "out-of-memory" && !(error instanceof PipelineError);
  return error instanceof Error && isOutOfMemory(error.message);
}

/** What an engine was given when its memory ran out. */
export interface AtWork {
  /** How many images at a time. */
  batch?: number;
  height: number;
  width: number;
  /** The way out, as it follows the colon. */
  hint: string;
  /** The key that sets it. */
  key?: string;
}

/**
 * The error, where memory ran out, as one that says at which size and how to need less; any other as it is.
 *
 * @returns a {@link PipelineError} `out-of-memory`, or `error`.
 *
 * @example
 * ```ts
 * import { explainMemory } from "@seg/segmenter";
 *
 * const hint = "set DATASET.imgSizes lower";
 * const error = explainMemory(new Error("std::bad_alloc"), { height: 600, width: 800, hint });
 * console.log(String(error)); // PipelineError: Expected memory for 1 image of 800×600 but it ran out (std::bad_alloc): set DATASET.imgSizes lower.
 * // Of anything else nothing changes.
 * console.log(String(explainMemory(new TypeError("x is not a function"), { height: 600, width: 800, hint }))); // TypeError: x is not a function
 * ```
 */
export function explainMemory(error: unknown, { batch = 1, height, width, hint, key }: AtWork): unknown {
  if (!isAboutMemory(error)) return error;
  const data = (isSegError(error) ? error.data : {}) as { engine?: string; operation?: string; reason?: string };
  const { engine, operation, reason = error.message } = data;
  const what = `${batch} ${batch === 1 ? "image" : "images"} of ${width}×${height}`;
  const explanation = {
    expected: `memory for ${what}${engine ? ` on engine ${engine}` : ""}`,
    but: `it ran out${operation ? ` in ${operation}` : ""} (${reason})`,
    hint,
  };
  const values = { reason, received: [batch, height, width], ...(operation && { operation }), ...(key && { key }) };
  return new PipelineError("out-of-memory", explanation, { cause: error, data: values });
}

/**
 * A size whose square has half as many pixels.
 *
 * @example
 * ```ts
 * import { halved } from "@seg/segmenter";
 *
 * // 424² are 179776 pixels of 360000.
 * console.log(halved(600)); // 424
 * ```
 */
export const halved = (side: number): number => Math.max(1, Math.floor(side / Math.SQRT2));

import { type Explanation, refuseUnknownOptions, SegError } from "@seg/errors";

/**
 * What went wrong, for programs: `option` (an option that there is not, or one out of range), `model` (a model that has no such graph,
 * or not with these options), `value` (a weight beyond float16's range).
 */
export type GraphModelErrorCode = "option" | "model" | "value";

/** The values behind a {@link GraphModelError}, of which each code has some. */
export interface GraphModelErrorData {
  /** `option`: its name, and the name that was probably meant. */
  option: string;
  nearest: string | undefined;
  /** What was expected and what came: shapes, counts or values. */
  expected: unknown;
  received: unknown;
  /** `model`: the layer. `value`: the weight. */
  layer: string;
  weight: string;
}

/**
 * The one class of error that this package throws; its message is one line for people, `data` holds the values.
 *
 * @example
 * ```ts
 * import { GraphModelError, toGraphModel } from "@seg/graph-model";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1 })] });
 * try {
 *   toGraphModel(model, { shardBytes: 0 });
 * } catch (error) {
 *   if (!(error instanceof GraphModelError)) throw error;
 *   console.log(error.code, error.data.option); // option shardBytes
 * }
 * ```
 */
export class GraphModelError extends SegError<GraphModelErrorCode, Partial<GraphModelErrorData>> {}

const optionError = (explanation: Explanation, data: Partial<GraphModelErrorData>) =>
  new GraphModelError("option", explanation, { data });

/** @throws {GraphModelError} `option` for an option that is not in the list. */
export const refuseUnknown = (options: object, known: readonly string[], what: string): void =>
  refuseUnknownOptions(options, known, what, optionError);

/** An option out of its range. */
export const badOption = (option: string, received: unknown, expected: string, hint?: string): GraphModelError => {
  const shown = typeof received === "string" ? received : (JSON.stringify(received) ?? String(received));
  return optionError({ expected, received: shown, ...(hint && { hint }) }, { option, received });
};

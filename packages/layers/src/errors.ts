import { type Explanation, type MakeError, nearest, refuseUnknownOptions, SegError, suggestion } from "@seg/errors";

/**
 * What went wrong, for programs: `shape` (a tensor of the wrong shape), `option` (an option that there is not, or one out of range), `model` (a
 * model that cannot be compiled), `value` (numbers that mean nothing, such as NaN for a score).
 */
export type LayersErrorCode = "shape" | "option" | "model" | "value";

/** The values behind a {@link LayersError}, of which each code has some. */
export interface LayersErrorData {
  /** `option`: its name, and the name that was probably meant. */
  option: string;
  nearest: string | undefined;
  /** What was expected and what came: shapes, counts or values. */
  expected: unknown;
  received: unknown;
  /** `model`: the model's name, and the layer's. */
  model: string;
  layer: string;
}

/**
 * The one class of error that this package throws; its message is one line for people, `data` holds the values.
 *
 * @example
 * ```ts
 * import { channelDropout, LayersError } from "@seg/layers";
 *
 * try {
 *   channelDropout({ rate: 1 });
 * } catch (error) {
 *   if (!(error instanceof LayersError)) throw error;
 *   console.log(error.code, error.data.received); // option 1
 * }
 * ```
 */
export class LayersError extends SegError<LayersErrorCode, Partial<LayersErrorData>> {}

/** Makes an error about an option. */
export const optionError = (explanation: Explanation, data: Partial<LayersErrorData>): LayersError =>
  new LayersError("option", explanation, { data });

/** @throws {LayersError} `option` for an option that is not in the list. */
export const refuseUnknown = (options: object, known: readonly string[], what: string): void =>
  refuseUnknownOptions(options, known, what, optionError);

/** An option out of its range. */
export const badOption = (option: string, received: unknown, explanation: Explanation): LayersError =>
  optionError(explanation, { option, received });

/**
 * One of a few names.
 *
 * @throws {LayersError} `option` with the nearest name, or what `makeError` makes.
 */
export function oneOf<Choice extends string>(
  option: string,
  value: unknown,
  choices: readonly Choice[],
  makeError: MakeError = optionError,
): Choice {
  if (choices.includes(value as Choice)) return value as Choice;
  const received = String(value);
  const line = { expected: `one of the names for ${option}`, received, hint: suggestion(received, choices) };
  throw makeError(line, { option, nearest: nearest(received, choices) });
}

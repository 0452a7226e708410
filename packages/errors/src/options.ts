import type { Explanation } from "./error.ts";
import { nearest } from "./nearest.ts";

/** Makes the caller's own error of an explanation. */
export type MakeError = (explanation: Explanation, data: { option: string; nearest: string | undefined }) => Error;

/**
 * Refuses options that nobody reads, such as misspelled ones. Options that are undefined count as not given.
 *
 * @param known - the names of all options there are; `satisfies` against the options' type keeps the list whole.
 * @param what - whose options they are: `the options of conv2d`.
 * @throws what `makeError` makes.
 *
 * @example
 * ```ts
 * import { refuseUnknownOptions, SegError } from "@seg/errors";
 *
 * const makeError = (line: { expected: string }) => new SegError("option", line);
 * try {
 *   refuseUnknownOptions({ widht: 3 }, ["width", "height"], "the options of resize", makeError);
 * } catch (error) {
 *   console.log(String(error)); // SegError: Expected the options of resize but received widht: did you mean width?
 * }
 * ```
 */
export function refuseUnknownOptions(
  options: object,
  known: readonly string[],
  what: string,
  makeError: MakeError,
): void {
  if (typeof options !== "object" || options === null) {
    throw makeError(
      { expected: `${what} in an object`, received: String(options) },
      { option: "options", nearest: undefined },
    );
  }
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || known.includes(option)) continue;
    const meant = nearest(option, known);
    const hint = meant ? `did you mean ${meant}?` : `there are ${[...known].sort().join(", ")}`;
    throw makeError({ expected: what, received: option, hint }, { option, nearest: meant });
  }
}

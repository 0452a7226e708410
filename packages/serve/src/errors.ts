import { refuseUnknownOptions, SegError } from "@seg/errors";

/**
 * What went wrong, for programs: `option` an option that makes no sense; `port-in-use` another program listens there; `not-listening` the
 * address cannot be listened on for another reason; `workers` no worker starts.
 */
export type ServeErrorCode = "option" | "port-in-use" | "not-listening" | "workers";

/** The values behind a {@link ServeError}, of which each code has some. */
export interface ServeErrorData {
  /** The option that is wrong, and what it was. */
  option: string;
  received: unknown;
  /** Where it was to listen. */
  host: string;
  port: number;
  /** Why no worker starts, or why the address cannot be listened on. */
  reason: string;
}

/**
 * The one error that `serve` throws of itself; errors of the packages below it pass through.
 *
 * @example
 * ```ts
 * import { ServeError, serve } from "@seg/serve";
 *
 * try {
 *   await serve({ port: 80_000 });
 * } catch (error) {
 *   if (!(error instanceof ServeError)) throw error;
 *   console.log(error.code, error.data.option, error.data.received); // option port 80000
 * }
 * ```
 */
export class ServeError extends SegError<ServeErrorCode, Partial<ServeErrorData>> {}

/** An option out of its range. */
export const badOption = (option: string, received: unknown, expected: string, shown: string): ServeError =>
  new ServeError("option", { expected: `${expected} for ${option}`, received: shown }, { data: { option, received } });

/** @throws {ServeError} `option` for an option that is not in the list. */
export function refuseUnknown(options: object, known: readonly string[]): void {
  refuseUnknownOptions(
    options,
    known,
    "an option of serve",
    (line, data) => new ServeError("option", line, { data: { option: data.option } }),
  );
}

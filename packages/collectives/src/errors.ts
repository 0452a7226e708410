/**
 * What went wrong, for programs: `timeout` (a rank did not come in time), `dead` (a rank has ended), `mismatch` (ranks called different things or lengths),
 * `unavailable` (a library that is needed is not there, or not usable), `option` (an option out of range), `disposed` (use after the end).
 */
export type CollectiveErrorCode = "timeout" | "dead" | "mismatch" | "unavailable" | "option" | "disposed";

/** The one class of error that this package throws: `code` is stable, `message` is one line, `rank` is the rank at fault where one is known. */
export class CollectiveError extends Error {
  readonly code: CollectiveErrorCode;
  readonly rank: number | undefined;

  constructor(code: CollectiveErrorCode, message: string, { rank, ...options }: ErrorOptions & { rank?: number } = {}) {
    super(message, options);
    this.name = "CollectiveError";
    this.code = code;
    this.rank = rank;
  }
}

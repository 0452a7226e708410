/** What went wrong, for programs: stable, one for each thing a caller may want to handle. */
export type CliErrorCode =
  /** A command or flag that does not exist, or a flag's value that makes no sense. */
  | "usage"
  /** A configuration that cannot be read or does not hold together. */
  | "config"
  /** Images, lists or weights that are not where they should be. */
  | "missing"
  /** A file that could not be downloaded. */
  | "download"
  /** Another process of the same work was asked to end it early. */
  | "interrupted"
  /** Everything else. */
  | "failed";

/** An error of the pipeline or the command, told in one line: what was expected, what came, and the way out. */
export class CliError extends Error {
  override readonly name = "CliError";

  constructor(
    readonly code: CliErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Whether it says what is wrong with data or settings: an error of the packages themselves, whose codes, unlike Node's, are in lower case. */
export function isOwnError(error: unknown): error is Error & { code: string } {
  const { code } = (error ?? {}) as { code?: unknown };
  return error instanceof Error && typeof code === "string" && /^[a-z-]+$/.test(code);
}

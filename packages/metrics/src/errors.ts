/**
 * What went wrong, for programs: `bad-label` a label that is no class; `bad-size` maps whose sizes differ; `bad-classes` a number of
 * classes that is impossible or not the other's; `bad-json` a saved result that cannot be restored.
 */
export type MetricsErrorCode = "bad-label" | "bad-size" | "bad-classes" | "bad-json";

/** The one error of this package: `code` is stable, `message` is one line. */
export class MetricsError extends Error {
  readonly code: MetricsErrorCode;

  constructor(code: MetricsErrorCode, message: string) {
    super(message);
    this.name = "MetricsError";
    this.code = code;
  }
}

/** What went wrong, for programs: `shape` (an input that cannot be normalized), `option` (an option out of range). */
export type SyncBatchNormErrorCode = "shape" | "option";

/** The one class of error that this package throws. */
export class SyncBatchNormError extends RangeError {
  readonly code: SyncBatchNormErrorCode;

  constructor(code: SyncBatchNormErrorCode, message: string) {
    super(message);
    this.name = "SyncBatchNormError";
    this.code = code;
  }
}

/**
 * What went wrong, for programs: `shape` (an input that cannot be normalized), `option` (an option out of range), `model` (a model
 * that cannot be converted), `engine` (an engine that cannot be read within a pass).
 */
export type SyncBatchNormErrorCode = "shape" | "option" | "model" | "engine";

/** The one class of error that this package throws. */
export class SyncBatchNormError extends RangeError {
  readonly code: SyncBatchNormErrorCode;

  constructor(code: SyncBatchNormErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SyncBatchNormError";
    this.code = code;
  }
}

/** A channel with fewer than two values has no variance. */
export function tooFewValues(shape: readonly number[], replicas: number): SyncBatchNormError {
  const where = replicas > 1 ? ` over ${replicas} replicas` : "";
  return new SyncBatchNormError(
    "shape",
    `Expected more than one value per channel${where} when training but received [${shape}]: use a larger batch or image.`,
  );
}

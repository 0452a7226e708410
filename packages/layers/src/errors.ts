/**
 * What went wrong, for programs: `shape` (a tensor of the wrong shape), `option` (an option out of range), `model` (a model that cannot be
 * compiled), `value` (numbers that mean nothing, such as NaN for a score).
 */
export type LayersErrorCode = "shape" | "option" | "model" | "value";

/** The one class of error that this package throws. */
export class LayersError extends RangeError {
  readonly code: LayersErrorCode;

  constructor(code: LayersErrorCode, message: string) {
    super(message);
    this.name = "LayersError";
    this.code = code;
  }
}

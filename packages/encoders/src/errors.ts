/** The one class of error that this package throws; its code is always `unknown-encoder`. */
export class EncoderError extends RangeError {
  readonly code = "unknown-encoder";

  constructor(message: string) {
    super(message);
    this.name = "EncoderError";
  }
}

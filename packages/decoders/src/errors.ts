/** What went wrong, for programs: `unknown-decoder`, `features` (the encoder's features do not fit). */
export type DecoderErrorCode = "unknown-decoder" | "features";

/** The one class of error that this package throws. */
export class DecoderError extends RangeError {
  readonly code: DecoderErrorCode;

  constructor(code: DecoderErrorCode, message: string) {
    super(message);
    this.name = "DecoderError";
    this.code = code;
  }
}

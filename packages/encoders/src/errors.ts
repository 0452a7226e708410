import { SegError } from "@seg/errors";

/** What went wrong, for programs: `unknown-encoder`; `option` an option that there is not, or one out of range. */
export type EncoderErrorCode = "unknown-encoder" | "option";

/** The values behind an {@link EncoderError}, of which each code has some. */
export interface EncoderErrorData {
  /** `unknown-encoder`: the name that was given. */
  encoder: string;
  /** `option`: the option at fault; of batch norms `batchNorm.` and its name. */
  option: string;
  /** `option`: the value that is out of range. */
  received: unknown;
  /** The encoder or option that was probably meant; undefined where none is close. */
  nearest: string | undefined;
}

/**
 * The one error that this package throws on purpose: `code` is stable, the message is one line, `data` holds the values.
 *
 * @example
 * ```ts
 * import { buildEncoder, EncoderError, type EncoderName } from "@seg/encoders";
 *
 * try {
 *   // From a file that no compiler has seen.
 *   buildEncoder(JSON.parse('"resnet5O"') as EncoderName);
 * } catch (error) {
 *   if (!(error instanceof EncoderError)) throw error;
 *   console.log(error.code, error.data.nearest); // unknown-encoder resnet50
 * }
 * ```
 */
export class EncoderError extends SegError<EncoderErrorCode, Partial<EncoderErrorData>> {}

import { SegError } from "@seg/errors";
import type { FeatureInfo } from "@seg/layers";
import type { DecoderRequirements } from "./requirements.ts";

/**
 * What went wrong, for programs: `unknown-decoder`; `features` an encoder's features that do not fit; `option` an option that there is
 * not, or one out of range.
 */
export type DecoderErrorCode = "unknown-decoder" | "features" | "option";

/** The values behind a {@link DecoderError}, of which each code has some. */
export interface DecoderErrorData {
  /** `unknown-decoder`, `features`: the name that was given. */
  decoder: string;
  /** `features`: what the decoder requires, and what it was given. */
  requirements: DecoderRequirements;
  featureInfo: readonly FeatureInfo[];
  /** `option`: the option at fault; of batch norms `batchNorm.` and its name. */
  option: string;
  /** `option`: the value that is out of range. */
  received: unknown;
  /** The decoder or option that was probably meant; undefined where none is close. */
  nearest: string | undefined;
}

/**
 * The one error that this package throws on purpose: `code` is stable, the message is one line, `data` holds the values.
 *
 * @example
 * ```ts
 * import { buildDecoder, DecoderError } from "@seg/decoders";
 *
 * try {
 *   // From a file that no compiler has seen.
 *   buildDecoder("upernet", JSON.parse('[{ "channels": 720, "stride": 4 }]'), { numClasses: 150 });
 * } catch (error) {
 *   if (!(error instanceof DecoderError)) throw error;
 *   console.log(error.code, error.data.requirements?.features); // features { least: 4, most: 4 }
 * }
 * ```
 */
export class DecoderError extends SegError<DecoderErrorCode, Partial<DecoderErrorData>> {}

export type { DecoderOptions } from "./builder.ts";
export { buildDecoder, type Decoder } from "./decoder.ts";
export { DecoderError, type DecoderErrorCode, type DecoderErrorData } from "./errors.ts";
export {
  DECODER_NAMES,
  DECODER_REQUIREMENTS,
  type DecoderName,
  type DecoderRequirements,
  type FeatureTuple,
  type RequiredFeatures,
  unmetRequirement,
} from "./requirements.ts";

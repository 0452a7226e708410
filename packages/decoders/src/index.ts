export type { DecoderOptions } from "./builder.ts";
export { buildDecoder, DECODER_NAMES, type Decoder, type DecoderName, type RequiredFeatures } from "./decoder.ts";
export { DecoderError, type DecoderErrorCode } from "./errors.ts";

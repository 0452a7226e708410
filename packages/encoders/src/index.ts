export type { EncoderOptions } from "./builder.ts";
export { buildEncoder, type Encoder } from "./encoder.ts";
export { EncoderError, type EncoderErrorCode, type EncoderErrorData } from "./errors.ts";
export { ENCODER_NAMES, type EncoderName, FEATURE_INFO, largestStride } from "./feature-info.ts";

export type { EncoderOptions } from "./builder.ts";
export { buildEncoder, type Encoder } from "./encoder.ts";
export { EncoderError } from "./errors.ts";
export { ENCODER_NAMES, type EncoderName, FEATURE_INFO } from "./feature-info.ts";

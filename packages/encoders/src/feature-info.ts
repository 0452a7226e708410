const MOBILENETV2_DILATED = [
  { channels: 24, stride: 4 },
  { channels: 32, stride: 8 },
  { channels: 64, stride: 8 },
  { channels: 160, stride: 8 },
  { channels: 320, stride: 8 },
] as const;

/** ResNets of basic blocks. */
const BASIC = [
  { channels: 64, stride: 4 },
  { channels: 128, stride: 8 },
  { channels: 256, stride: 16 },
  { channels: 512, stride: 32 },
] as const;
const BASIC_DILATED = [
  { channels: 64, stride: 4 },
  { channels: 128, stride: 8 },
  { channels: 256, stride: 8 },
  { channels: 512, stride: 8 },
] as const;

/** ResNets of bottleneck blocks. */
const BOTTLENECK = [
  { channels: 256, stride: 4 },
  { channels: 512, stride: 8 },
  { channels: 1024, stride: 16 },
  { channels: 2048, stride: 32 },
] as const;
const BOTTLENECK_DILATED = [
  { channels: 256, stride: 4 },
  { channels: 512, stride: 8 },
  { channels: 1024, stride: 8 },
  { channels: 2048, stride: 8 },
] as const;

/**
 * The features of each encoder, from the largest map to the last: channels, and input pixels for each of the map's along one
 * axis. As literal types, so that a decoder can refuse an encoder at compile time.
 */
export const FEATURE_INFO = {
  mobilenetv2dilated: MOBILENETV2_DILATED,
  resnet18: BASIC,
  resnet18dilated: BASIC_DILATED,
  resnet50: BOTTLENECK,
  resnet50dilated: BOTTLENECK_DILATED,
  resnet101: BOTTLENECK,
  resnet101dilated: BOTTLENECK_DILATED,
  resnext101: BOTTLENECK,
  hrnetv2: [{ channels: 720, stride: 4 }],
} as const;

/** The name of an encoder. */
export type EncoderName = keyof typeof FEATURE_INFO;

/** All encoders' names. */
export const ENCODER_NAMES = Object.keys(FEATURE_INFO) as EncoderName[];

/** Strides within encoders that are larger than those of their features. */
const INNER_STRIDES: Partial<Record<EncoderName, number>> = { hrnetv2: 32 };

/**
 * The largest downsampling within an encoder: sides that are a multiple of it lose nothing to rounding.
 *
 * @example
 * ```ts
 * import { largestStride } from "@seg/encoders";
 *
 * console.log(largestStride("resnet50"), largestStride("resnet50dilated")); // 32 8
 * ```
 */
export function largestStride(name: EncoderName): number {
  return INNER_STRIDES[name] ?? Math.max(...FEATURE_INFO[name].map(({ stride }) => stride));
}

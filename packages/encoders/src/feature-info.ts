/**
 * The features of each encoder, from the largest map to the last: channels, and input pixels for each of the map's along one
 * axis. As literal types, so that a decoder can refuse an encoder at compile time.
 */
export const FEATURE_INFO = {
  mobilenetv2dilated: [
    { channels: 24, stride: 4 },
    { channels: 32, stride: 8 },
    { channels: 64, stride: 8 },
    { channels: 160, stride: 8 },
    { channels: 320, stride: 8 },
  ],
  resnet18: [
    { channels: 64, stride: 4 },
    { channels: 128, stride: 8 },
    { channels: 256, stride: 16 },
    { channels: 512, stride: 32 },
  ],
  resnet18dilated: [
    { channels: 64, stride: 4 },
    { channels: 128, stride: 8 },
    { channels: 256, stride: 8 },
    { channels: 512, stride: 8 },
  ],
  resnet50: [
    { channels: 256, stride: 4 },
    { channels: 512, stride: 8 },
    { channels: 1024, stride: 16 },
    { channels: 2048, stride: 32 },
  ],
  resnet50dilated: [
    { channels: 256, stride: 4 },
    { channels: 512, stride: 8 },
    { channels: 1024, stride: 8 },
    { channels: 2048, stride: 8 },
  ],
  resnet101: [
    { channels: 256, stride: 4 },
    { channels: 512, stride: 8 },
    { channels: 1024, stride: 16 },
    { channels: 2048, stride: 32 },
  ],
  resnet101dilated: [
    { channels: 256, stride: 4 },
    { channels: 512, stride: 8 },
    { channels: 1024, stride: 8 },
    { channels: 2048, stride: 8 },
  ],
  resnext101: [
    { channels: 256, stride: 4 },
    { channels: 512, stride: 8 },
    { channels: 1024, stride: 16 },
    { channels: 2048, stride: 32 },
  ],
  hrnetv2: [{ channels: 720, stride: 4 }],
} as const;

/** The name of an encoder. */
export type EncoderName = keyof typeof FEATURE_INFO;

/** All encoders' names. */
export const ENCODER_NAMES = Object.keys(FEATURE_INFO) as EncoderName[];

/** What the configuration must know of an encoder without building it. */
interface EncoderFacts {
  /** Channels of the features that the decoder reads. */
  fcDim: number;
  /** The network's largest downsampling: the sides of its input are padded to a multiple of it. */
  paddingConstant: number;
  /** Downsampling of the last features. */
  stride: number;
  /** How many feature maps it gives. */
  features: number;
}

const dilated = { paddingConstant: 8, stride: 8, features: 4 };
const plain = { paddingConstant: 32, stride: 32, features: 4 };

/** The encoders by name. */
export const ENCODERS = {
  mobilenetv2dilated: { fcDim: 320, ...dilated, features: 5 },
  resnet18: { fcDim: 512, ...plain },
  resnet18dilated: { fcDim: 512, ...dilated },
  resnet50: { fcDim: 2048, ...plain },
  resnet50dilated: { fcDim: 2048, ...dilated },
  resnet101: { fcDim: 2048, ...plain },
  resnet101dilated: { fcDim: 2048, ...dilated },
  resnext101: { fcDim: 2048, ...plain },
  hrnetv2: { fcDim: 720, paddingConstant: 32, stride: 4, features: 1 },
} as const satisfies Record<string, EncoderFacts>;

/** An encoder's name. */
export type EncoderName = keyof typeof ENCODERS;

/** The encoders' names. */
export const ENCODER_NAMES = Object.keys(ENCODERS) as EncoderName[];

/** The decoders' names. */
export const DECODER_NAMES = ["c1", "c1_deepsup", "ppm", "ppm_deepsup", "upernet", "upernet_lite"] as const;

/** A decoder's name. */
export type DecoderName = (typeof DECODER_NAMES)[number];

/** The settings that follow from a pair of networks unless they are given. */
export function architectureSettings(encoder: EncoderName, decoder: DecoderName) {
  const { fcDim, paddingConstant, stride } = ENCODERS[encoder];
  return {
    "MODEL.fc_dim": fcDim,
    "DATASET.padding_constant": paddingConstant,
    // UPerNet's scores stand at its finest features, the others' at the last ones.
    "DATASET.segm_downsampling_rate": decoder.startsWith("upernet") ? 4 : stride,
    DIR: `ckpt/ade20k-${encoder}-${decoder}`,
  };
}

/** How many feature maps a decoder reads, in words, if `encoder` does not give them; undefined if they fit. */
export function lackingFeatures(encoder: EncoderName, decoder: DecoderName): string | undefined {
  const { features } = ENCODERS[encoder];
  if (decoder.startsWith("upernet")) return features === 4 ? undefined : "4 feature maps";
  return decoder.endsWith("_deepsup") && features < 2 ? "at least 2 feature maps" : undefined;
}

import { DECODER_REQUIREMENTS, type DecoderName } from "@seg/decoders/requirements";
import { type EncoderName, FEATURE_INFO, largestStride } from "@seg/encoders/feature-info";

/** The settings that follow from a pair of networks unless they are given. */
export function architectureSettings(encoder: EncoderName, decoder: DecoderName) {
  const features = FEATURE_INFO[encoder];
  const last = features.at(-1)!;
  return {
    "MODEL.fc_dim": last.channels,
    "DATASET.padding_constant": largestStride(encoder),
    "DATASET.segm_downsampling_rate": (DECODER_REQUIREMENTS[decoder].logitsAt === "first" ? features[0] : last).stride,
    DIR: `ckpt/ade20k-${encoder}-${decoder}`,
  };
}

import { adaptiveAvgPool2d } from "@seg/layers";
import type * as tf from "@tensorflow/tfjs";
import type { DecoderBuilder } from "./builder.ts";

/** Cells of each level of the pyramid, along one axis. */
export const POOL_SCALES = [1, 2, 3, 6];

/** Channels of each level and of the convolution that joins them. */
const CHANNELS = 512;

/**
 * Pyramid pooling: the last feature averaged over 1, 2², 3² and 6² cells, each level resized back and convolved together
 * with the feature.
 *
 * @see Zhao et al., Pyramid Scene Parsing Network, CVPR 2017.
 */
export function ppm(features: tf.SymbolicTensor[], build: DecoderBuilder): tf.SymbolicTensor[] {
  const last = features[features.length - 1]!;
  const levels = POOL_SCALES.map((bins, i) => {
    const pooled = adaptiveAvgPool2d({ name: `ppm.${i}.0`, bins }).apply(last) as tf.SymbolicTensor;
    return build.convBnRelu(pooled, { names: [`ppm.${i}.1`, `ppm.${i}.2`], filters: CHANNELS, kernelSize: 1 });
  });
  const x = build.convBnRelu([last, ...levels], { names: ["conv_last.0", "conv_last.1"], filters: CHANNELS });
  return [build.logits(build.dropout(x, "conv_last.3"), "conv_last.4")];
}

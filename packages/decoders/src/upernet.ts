import { adaptiveAvgPool2d } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import type { DecoderBuilder } from "./builder.ts";
import { POOL_SCALES } from "./ppm.ts";

/**
 * Pyramid pooling on the last feature, a feature pyramid from there up to the first, and all of its levels convolved
 * together at the first's size.
 *
 * @param channels - Channels of the pyramids: 512, or 256 in the light form.
 * @see Xiao et al., Unified Perceptual Parsing for Scene Understanding, ECCV 2018.
 */
export function upernet(features: tf.SymbolicTensor[], build: DecoderBuilder, channels: number): tf.SymbolicTensor[] {
  const last = features[features.length - 1]!;
  const levels = POOL_SCALES.map((bins, i) => {
    const pooled = adaptiveAvgPool2d({ name: `ppm_pooling.${i}`, bins }).apply(last) as tf.SymbolicTensor;
    // Unlike in PPM, levels are resized before their convolution.
    const resized = build.resizeLike(pooled, last, `ppm_pooling.${i}.resize`);
    return build.convBnRelu(resized, { names: [`ppm_conv.${i}.0`, `ppm_conv.${i}.1`], filters: 512, kernelSize: 1 });
  });
  let x = build.convBnRelu([last, ...levels], { names: ["ppm_last_conv.0", "ppm_last_conv.1"], filters: channels });
  const pyramid = [x];
  for (let i = features.length - 2; i >= 0; i--) {
    const lateral = build.convBnRelu(features[i]!, {
      names: [`fpn_in.${i}.0`, `fpn_in.${i}.1`],
      filters: channels,
      kernelSize: 1,
    });
    const above = build.resizeLike(x, lateral, `fpn_in.${i}.resize`);
    x = tf.layers.add({ name: `fpn_in.${i}.sum` }).apply([lateral, above]) as tf.SymbolicTensor;
    pyramid.unshift(build.convBnRelu(x, { names: [`fpn_out.${i}.0.0`, `fpn_out.${i}.0.1`], filters: channels }));
  }
  const joined = build.convBnRelu(pyramid, { names: ["conv_last.0.0", "conv_last.0.1"], filters: channels });
  return [build.logits(joined, "conv_last.1")];
}

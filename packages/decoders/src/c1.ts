import type * as tf from "@tensorflow/tfjs";
import type { DecoderBuilder } from "./builder.ts";

/** One 3×3 convolution to a quarter of the channels, then the scores. */
export function c1(features: tf.SymbolicTensor[], build: DecoderBuilder): tf.SymbolicTensor[] {
  const last = features[features.length - 1]!;
  const x = build.convBnRelu(last, { names: ["cbr.0", "cbr.1"], filters: last.shape[3]! / 4 });
  return [build.logits(x, "conv_last")];
}

/** The same over the feature before the last: deep supervision in training, left out at inference. */
export function deepSupervision(features: tf.SymbolicTensor[], build: DecoderBuilder, dropout: boolean) {
  const before = features[features.length - 2]!;
  const filters = features[features.length - 1]!.shape[3]! / 4;
  const x = build.convBnRelu(before, { names: ["cbr_deepsup.0", "cbr_deepsup.1"], filters });
  return build.logits(dropout ? build.dropout(x, "dropout_deepsup") : x, "conv_last_deepsup");
}

import { nearest, suggestion } from "@seg/errors";
import type { FeatureInfo } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { type ConvBn, convBnBuilder, type EncoderOptions } from "./builder.ts";
import { EncoderError } from "./errors.ts";
import { ENCODER_NAMES, type EncoderName, FEATURE_INFO } from "./feature-info.ts";
import { hrnetv2 } from "./hrnetv2.ts";
import { mobilenetv2dilated } from "./mobilenetv2.ts";
import { checkOptions } from "./options.ts";
import { type ResNetPlan, resnet } from "./resnet.ts";

/** An encoder: a model, and what a decoder must know of its features. */
export interface Encoder<Features extends readonly FeatureInfo[] = readonly FeatureInfo[]> {
  /** The architecture's name. */
  readonly name: EncoderName;
  /** Takes `[batch, height, width, 3]`, any size, float32, normalized; gives one map for each of `featureInfo`. Layers carry PyTorch's module paths. */
  readonly model: tf.LayersModel;
  /** Channels and stride of each feature, the model's outputs in order. */
  readonly featureInfo: Features;
}

const RESNET18 = {
  blocks: [2, 2, 2, 2],
  block: "basic",
  planes: [64, 128, 256, 512],
  expansion: 1,
  groups: 1,
} as const;
const RESNET50 = {
  blocks: [3, 4, 6, 3],
  block: "bottleneck",
  planes: [64, 128, 256, 512],
  expansion: 4,
  groups: 1,
} as const;
const RESNET101 = { ...RESNET50, blocks: [3, 4, 23, 3] } as const;
const RESNEXT101 = { ...RESNET101, planes: [128, 256, 512, 1024], expansion: 2, groups: 32 } as const;

const residual =
  (plan: Omit<ResNetPlan, "dilated">, dilated = false) =>
  (x: tf.SymbolicTensor, convBn: ConvBn) =>
    resnet(x, convBn, { ...plan, dilated });

const GRAPHS: Record<EncoderName, (x: tf.SymbolicTensor, convBn: ConvBn) => tf.SymbolicTensor[]> = {
  mobilenetv2dilated,
  resnet18: residual(RESNET18),
  resnet18dilated: residual(RESNET18, true),
  resnet50: residual(RESNET50),
  resnet50dilated: residual(RESNET50, true),
  resnet101: residual(RESNET101),
  resnet101dilated: residual(RESNET101, true),
  resnext101: residual(RESNEXT101),
  hrnetv2,
};

/**
 * Builds an encoder of MIT's scene parsing models.
 *
 * @param name - One of `ENCODER_NAMES`.
 * @returns The encoder; `encoder.model.dispose()` frees its weights.
 * @throws {EncoderError} `unknown-encoder`, or `option` for an option that there is not or one out of range.
 * @throws {SyncBatchNormError} `option` for an option of batch norm out of range.
 *
 * @example
 * ```ts
 * import { buildEncoder } from "@seg/encoders";
 *
 * const { featureInfo, model } = buildEncoder("resnet18dilated", { seed: 1 });
 * console.log(featureInfo.map(({ channels, stride }) => `${channels}/${stride}`).join(" ")); // 64/4 128/8 256/8 512/8
 * model.dispose();
 * ```
 */
export function buildEncoder<Name extends EncoderName>(
  name: Name,
  options: EncoderOptions = {},
): Encoder<(typeof FEATURE_INFO)[Name]> {
  if (!Object.hasOwn(GRAPHS, name)) {
    const encoder = String(name);
    throw new EncoderError(
      "unknown-encoder",
      { expected: "an encoder", received: encoder, hint: suggestion(encoder, ENCODER_NAMES) },
      { data: { encoder, nearest: nearest(encoder, ENCODER_NAMES) } },
    );
  }
  checkOptions(options);
  const input = tf.input({ shape: [null, null, 3], name: `${name}.image` });
  const outputs = GRAPHS[name](input, convBnBuilder(options));
  return { name, model: tf.model({ inputs: input, outputs, name }), featureInfo: FEATURE_INFO[name] };
}

import { nearest, suggestion } from "@seg/errors";
import { type FeatureInfo, selectInput } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { DecoderBuilder, type DecoderOptions } from "./builder.ts";
import { c1, deepSupervision } from "./c1.ts";
import { DecoderError } from "./errors.ts";
import { checkOptions } from "./options.ts";
import { ppm } from "./ppm.ts";
import {
  DECODER_NAMES,
  DECODER_REQUIREMENTS,
  type DecoderName,
  type RequiredFeatures,
  unmetRequirement,
} from "./requirements.ts";
import { upernet } from "./upernet.ts";

/** A decoder's model and what it gives. */
export interface Decoder {
  /** The architecture's name. */
  readonly name: DecoderName;
  /**
   * Takes the encoder's features; gives logits `[batch, height, width, numClasses]` at the size of the feature that
   * `logitsAt` of its requirements names, and with deep supervision a second such map. Layers carry PyTorch's module paths.
   */
  readonly model: tf.LayersModel;
  /** Whether there is a second output, for the auxiliary loss. */
  readonly deepSupervised: boolean;
}

type Graph = (features: tf.SymbolicTensor[], build: DecoderBuilder) => tf.SymbolicTensor[];

const GRAPHS: Record<DecoderName, Graph> = {
  c1,
  c1_deepsup: (features, build) => [...c1(features, build), deepSupervision(features, build, false)],
  ppm,
  ppm_deepsup: (features, build) => [...ppm(features, build), deepSupervision(features, build, true)],
  upernet: (features, build) => upernet(features, build, 512),
  upernet_lite: (features, build) => upernet(features, build, 256),
};

/**
 * Builds a decoder of MIT's scene parsing models over the features of an encoder.
 *
 * @param name - One of `DECODER_NAMES`.
 * @param featureInfo - What the encoder gives, such as `buildEncoder(…).featureInfo` of `@seg/encoders`.
 * @returns The decoder; `decoder.model.dispose()` frees its weights.
 * @throws {DecoderError} `unknown-decoder`; `features` if the decoder cannot work on these; `option` for an option that there is not or
 *   one out of range.
 * @throws {SyncBatchNormError} `option` for an option of batch norm out of range.
 *
 * @example
 * ```ts
 * import { buildDecoder } from "@seg/decoders";
 * import { FEATURE_INFO } from "@seg/encoders/feature-info";
 *
 * const { model } = buildDecoder("c1", FEATURE_INFO.resnet18dilated, { numClasses: 11, seed: 1 });
 * console.log(model.outputs[0]?.shape.at(-1)); // 11
 * model.dispose();
 * ```
 */
export function buildDecoder<Name extends DecoderName>(
  name: Name,
  featureInfo: RequiredFeatures[Name],
  options: DecoderOptions = {},
): Decoder {
  if (!Object.hasOwn(GRAPHS, name)) {
    const decoder = String(name);
    throw new DecoderError(
      "unknown-decoder",
      { expected: "a decoder", received: decoder, hint: suggestion(decoder, DECODER_NAMES) },
      { data: { decoder, nearest: nearest(decoder, DECODER_NAMES) } },
    );
  }
  checkOptions(options);
  const info: readonly FeatureInfo[] = featureInfo;
  const requirements = DECODER_REQUIREMENTS[name];
  const unmet = unmetRequirement(name, info);
  if (unmet) throw new DecoderError("features", unmet, { data: { decoder: name, requirements, featureInfo: info } });
  const inputs = info.map(({ channels }, i) =>
    tf.input({ shape: [null, null, channels], name: `${name}.feature${i}` }),
  );
  // Each out of all, so that a saved decoder keeps also those that it has no use for.
  const features =
    inputs.length === 1
      ? inputs
      : inputs.map((_, index) => selectInput({ name: `feature${index}`, index }).apply(inputs) as tf.SymbolicTensor);
  const outputs = GRAPHS[name](features, new DecoderBuilder(options));
  return { name, model: tf.model({ inputs, outputs, name }), deepSupervised: requirements.deepSupervised };
}

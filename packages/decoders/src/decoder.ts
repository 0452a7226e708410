import type { FeatureInfo } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { DecoderBuilder, type DecoderOptions } from "./builder.ts";
import { c1, deepSupervision } from "./c1.ts";
import { DecoderError } from "./errors.ts";
import { ppm } from "./ppm.ts";
import { upernet } from "./upernet.ts";

/** What each decoder needs of an encoder's features, as a type that other encoders' do not fit. */
export interface RequiredFeatures {
  c1: readonly [...FeatureInfo[], FeatureInfo];
  c1_deepsup: readonly [FeatureInfo, ...FeatureInfo[], FeatureInfo];
  ppm: readonly [...FeatureInfo[], FeatureInfo];
  ppm_deepsup: readonly [FeatureInfo, ...FeatureInfo[], FeatureInfo];
  upernet: readonly [FeatureInfo, FeatureInfo, FeatureInfo, FeatureInfo];
  upernet_lite: readonly [FeatureInfo, FeatureInfo, FeatureInfo, FeatureInfo];
}

/** The name of a decoder. */
export type DecoderName = keyof RequiredFeatures;

/** A decoder's model and what it gives. */
export interface Decoder {
  /** The architecture's name. */
  readonly name: DecoderName;
  /**
   * Takes the encoder's features; gives logits `[batch, height, width, numClass]` at the size of the feature it reads
   * (`upernet`: the first, others: the last), and with deep supervision a second such map. Layers carry PyTorch's module paths.
   */
  readonly model: tf.LayersModel;
  /** Whether there is a second output, for the auxiliary loss. */
  readonly deepSupervised: boolean;
}

interface Architecture {
  graph(features: tf.SymbolicTensor[], build: DecoderBuilder): tf.SymbolicTensor[];
  /** How many features: at least, and at most. */
  features: [least: number, most: number];
  instead: string;
}

const many = Number.POSITIVE_INFINITY;

const ARCHITECTURES: Record<DecoderName, Architecture> = {
  c1: { graph: c1, features: [1, many], instead: "" },
  c1_deepsup: {
    graph: (features, build) => [...c1(features, build), deepSupervision(features, build, false)],
    features: [2, many],
    instead: "c1",
  },
  ppm: { graph: ppm, features: [1, many], instead: "" },
  ppm_deepsup: {
    graph: (features, build) => [...ppm(features, build), deepSupervision(features, build, true)],
    features: [2, many],
    instead: "ppm",
  },
  upernet: { graph: (features, build) => upernet(features, build, 512), features: [4, 4], instead: "ppm" },
  upernet_lite: { graph: (features, build) => upernet(features, build, 256), features: [4, 4], instead: "ppm" },
};

/** All decoders' names. */
export const DECODER_NAMES = Object.keys(ARCHITECTURES) as DecoderName[];

/**
 * Builds a decoder of MIT's scene parsing models over the features of an encoder.
 *
 * @param name - One of `DECODER_NAMES`.
 * @param featureInfo - What the encoder gives, such as `buildEncoder(…).featureInfo` of `@seg/encoders`.
 * @returns The decoder; `decoder.model.dispose()` frees its weights.
 * @throws {DecoderError} if the name is unknown, or the decoder cannot work on these features.
 */
export function buildDecoder<Name extends DecoderName>(
  name: Name,
  featureInfo: RequiredFeatures[Name],
  options: DecoderOptions = {},
): Decoder {
  if (!Object.hasOwn(ARCHITECTURES, name)) {
    throw new DecoderError(
      "unknown-decoder",
      `Expected a decoder among ${DECODER_NAMES.join(", ")} but received ${name}.`,
    );
  }
  const { graph, features, instead } = ARCHITECTURES[name];
  const info: readonly FeatureInfo[] = featureInfo;
  if (info.length < features[0] || info.length > features[1]) {
    const wanted = features[0] === features[1] ? `${features[0]}` : `at least ${features[0]}`;
    throw new DecoderError(
      "features",
      `Expected an encoder with ${wanted} features for decoder ${name} but received ${info.length}: use decoder ${instead} or another encoder.`,
    );
  }
  const last = info[info.length - 1]!;
  if (name.startsWith("c1") && last.channels % 4 !== 0) {
    throw new DecoderError(
      "features",
      `Expected the last feature's channels to be a multiple of 4 for decoder ${name} but received ${last.channels}.`,
    );
  }
  const inputs = info.map(({ channels }, i) =>
    tf.input({ shape: [null, null, channels], name: `${name}.feature${i}` }),
  );
  const outputs = graph(inputs, new DecoderBuilder(options));
  return { name, model: tf.model({ inputs, outputs, name }), deepSupervised: outputs.length === 2 };
}

import type { Explanation } from "@seg/errors";
import type { FeatureInfo } from "@seg/layers";

/** What a decoder requires of an encoder's features, and what it gives. */
export interface DecoderRequirements {
  /** How many features it needs: any number from `least`, up to `most` where there is one. */
  features: { least: number; most?: number };
  /** The last feature's channels are a multiple of this. Default 1. */
  channelsMultipleOf?: number;
  /** The feature at whose size the logits are. */
  logitsAt: "first" | "last";
  /** Whether it has a second output, for the auxiliary loss. */
  deepSupervised: boolean;
  /** Whether it averages over the whole image before a batch norm, which in training then has one value of each photo. Default false. */
  poolsWholeImage?: boolean;
  /** The decoder to use where the encoder's features are too few or too many. */
  instead?: string;
}

/** The requirements of each decoder. As literal types, so that an encoder that lacks them is refused at compile time. */
export const DECODER_REQUIREMENTS = {
  c1: { features: { least: 1 }, channelsMultipleOf: 4, logitsAt: "last", deepSupervised: false },
  c1_deepsup: { features: { least: 2 }, channelsMultipleOf: 4, logitsAt: "last", deepSupervised: true, instead: "c1" },
  ppm: { features: { least: 1 }, logitsAt: "last", deepSupervised: false, poolsWholeImage: true },
  ppm_deepsup: {
    features: { least: 2 },
    // Its second head is c1's.
    channelsMultipleOf: 4,
    logitsAt: "last",
    deepSupervised: true,
    poolsWholeImage: true,
    instead: "ppm",
  },
  upernet: {
    features: { least: 4, most: 4 },
    logitsAt: "first",
    deepSupervised: false,
    poolsWholeImage: true,
    instead: "ppm",
  },
  upernet_lite: {
    features: { least: 4, most: 4 },
    logitsAt: "first",
    deepSupervised: false,
    poolsWholeImage: true,
    instead: "ppm",
  },
} as const satisfies Record<string, DecoderRequirements>;

/** The name of a decoder. */
export type DecoderName = keyof typeof DECODER_REQUIREMENTS;

/** All decoders' names. */
export const DECODER_NAMES = Object.keys(DECODER_REQUIREMENTS) as DecoderName[];

/** A tuple of `Least` features, and with `Rest` of any further ones. */
export type FeatureTuple<
  Least extends number,
  Rest extends FeatureInfo[] = [],
  Counted extends FeatureInfo[] = [],
> = Counted["length"] extends Least
  ? readonly [...Counted, ...Rest]
  : FeatureTuple<Least, Rest, [...Counted, FeatureInfo]>;

/** What each decoder needs of an encoder's features, as a type that other encoders' do not fit. */
export type RequiredFeatures = {
  [Name in DecoderName]: FeatureTuple<
    (typeof DECODER_REQUIREMENTS)[Name]["features"]["least"],
    (typeof DECODER_REQUIREMENTS)[Name]["features"] extends { most: number } ? [] : FeatureInfo[]
  >;
};

/**
 * What a decoder lacks in an encoder's features, as the parts of an error's line; undefined where they fit.
 *
 * @example
 * ```ts
 * import { unmetRequirement } from "@seg/decoders";
 * import { FEATURE_INFO } from "@seg/encoders/feature-info";
 *
 * console.log(unmetRequirement("ppm", FEATURE_INFO.hrnetv2)); // undefined
 * console.log(unmetRequirement("upernet", FEATURE_INFO.hrnetv2)?.hint); // use decoder ppm or another encoder
 * ```
 */
export function unmetRequirement(name: DecoderName, featureInfo: readonly FeatureInfo[]): Explanation | undefined {
  const { features, channelsMultipleOf = 1, instead }: DecoderRequirements = DECODER_REQUIREMENTS[name];
  const { least, most = Number.POSITIVE_INFINITY } = features;
  const count = Array.isArray(featureInfo) ? featureInfo.length : 0;
  if (count < least || count > most) {
    const wanted = `${least === most ? "" : "at least "}${least} feature${least === 1 ? "" : "s"}`;
    return {
      expected: `an encoder with ${wanted} for decoder ${name}`,
      received: `${count}`,
      hint: instead ? `use decoder ${instead} or another encoder` : "use another encoder",
    };
  }
  const odd = featureInfo.find((info) => !(Number.isInteger(info?.channels) && info.channels > 0));
  if (odd !== undefined || featureInfo.includes(odd!)) {
    return {
      expected: `features { channels, stride } of whole, positive channels for decoder ${name}`,
      received: JSON.stringify(odd) ?? String(odd),
    };
  }
  const { channels } = featureInfo[count - 1]!;
  if (channels % channelsMultipleOf !== 0) {
    return {
      expected: `the last feature's channels to be a multiple of ${channelsMultipleOf} for decoder ${name}`,
      received: `${channels}`,
    };
  }
  return undefined;
}

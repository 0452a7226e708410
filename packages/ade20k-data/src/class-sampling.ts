import { badOption, refuseUnknown } from "./errors.ts";
import type { RandomNumbers } from "./plan-batches.ts";

/** How photos are drawn class by class, rare ones more often than by chance; plain data. */
export interface ClassSampling {
  /** How likely each class is to be the one that a photo is drawn for; they sum up to 1. */
  probabilities: readonly number[];
  /** The photos that hold each class, as indices into the list of records. */
  photos: readonly (readonly number[])[];
}

/** How rare classes are preferred. */
export interface ClassSamplingOptions {
  /** The lower it is, the more the rarest classes are preferred; above 0. DAFormer takes 0.01. */
  temperature: number;
  /** How many pixels of a class a photo must hold to stand for it; default 1. DAFormer takes 3000, of 2048×1024. */
  minPixels?: number;
}

/**
 * Rare-class sampling: a class is drawn with the probability softmax((1 − share of all pixels) / temperature), then one of the photos
 * that hold it.
 *
 * @param counts - for each photo how many pixels each class has: what {@link countClasses} gives, without its first number.
 * @throws {DataError} `option` if no photo holds enough of any class, or a value is out of its range.
 * @see Hoyer, Dai and Van Gool, DAFormer, CVPR 2022, section 3.3.
 *
 * @example
 * ```ts
 * import { classSampling } from "@seg/ade20k-data";
 *
 * // Of 200 pixels 5 % are of class 1, which only the first photo has.
 * const counts = [[90, 10], [100, 0]];
 * // Its weight is exp((0.95 - 0.05) / temperature) = 9 times that of class 0.
 * const { probabilities, photos } = classSampling(counts, { temperature: 0.9 / Math.log(9) });
 * console.log(probabilities.map((probability) => probability.toFixed(2)), photos); // [ '0.10', '0.90' ] [ [ 0, 1 ], [ 0 ] ]
 * ```
 */
export function classSampling(counts: readonly ArrayLike<number>[], options: ClassSamplingOptions): ClassSampling {
  refuseUnknown(options, ["temperature", "minPixels"], "the options of classSampling");
  const { temperature, minPixels = 1 } = options;
  for (const [option, value] of Object.entries({ temperature, minPixels })) {
    if (value > 0 && Number.isFinite(value)) continue;
    throw badOption(option, value, { expected: `${option} to be a number above 0`, received: `${value}` });
  }
  const classes = Array.from({ length: counts[0]?.length ?? 0 }, (_, c) => c);
  const photos = classes.map((c) => counts.flatMap((own, i) => (own[c]! >= minPixels ? [i] : [])));
  const pixels = classes.map((c) => counts.reduce((sum, own) => sum + own[c]!, 0));
  const total = pixels.reduce((a, b) => a + b, 0);
  const exponents = pixels.map((own) => (1 - own / total) / temperature);
  const largest = Math.max(...exponents.filter((_, c) => photos[c]!.length > 0));
  if (largest === Number.NEGATIVE_INFINITY) {
    throw badOption("minPixels", minPixels, {
      expected: `a photo with ${minPixels} pixels or more of any class`,
      but: "there is none",
      hint: "lower minPixels",
    });
  }
  const weights = exponents.map((exponent, c) => (photos[c]!.length > 0 ? Math.exp(exponent - largest) : 0));
  const sum = weights.reduce((a, b) => a + b, 0);
  return { probabilities: weights.map((weight) => weight / sum), photos };
}

/** Draws a class and the index of a photo that holds it. */
export function drawOfClass(
  { probabilities, photos }: ClassSampling,
  random: RandomNumbers,
): { wantedClass: number; index: number } {
  let rest = random();
  // What rounding leaves over falls to the last class that can be drawn.
  let wantedClass = probabilities.findLastIndex((probability) => probability > 0);
  for (let c = 0; c < wantedClass; c++) {
    rest -= probabilities[c]!;
    if (rest < 0) wantedClass = c;
  }
  const holders = photos[wantedClass]!;
  return { wantedClass, index: holders[Math.floor(random() * holders.length)]! };
}

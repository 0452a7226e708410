import { ConfusionMatrix } from "./confusion-matrix.ts";
import { checkIsA } from "./labels.ts";

// The original divides by counts plus this, so that nothing is ever 0 / 0; its scores carry it in their last digits.
const EPSILON = 1e-10;

/** How well one class was found. A ratio whose denominator is 0 is NaN. */
export interface ClassScores {
  index: number;
  /** Pixels of this class that were predicted as it. */
  intersection: number;
  /** Pixels that are of this class, or were predicted as it, or both. */
  union: number;
  /** Pixels of this class. */
  truePixels: number;
  /** Pixels predicted as this class, where the true label is not ignored. */
  predictedPixels: number;
  /** intersection / union; NaN for a class that is neither in the truth nor in the predictions. */
  iou: number;
  /** Part of this class's pixels that was found (recall); NaN for a class that is not in the truth. */
  accuracy: number;
  /** Part of the pixels predicted as this class that are of it; NaN for a class that was never predicted. */
  precision: number;
  /** Harmonic mean of accuracy and precision, 2·intersection / (truePixels + predictedPixels); NaN where `iou` is. */
  f1: number;
}

/** The scores of a data set, each from 0 to 1. */
export interface Scores {
  /** Pixels whose true label is a class. */
  pixels: number;
  /** Part of them that was predicted right; 0 if there are none. */
  pixelAccuracy: number;
  /** Mean IoU as the original computes it: over all classes, absent ones counting as 0. */
  meanIou: number;
  /** Mean IoU over the classes that occur in the truth or the predictions; NaN if there are none. */
  meanIouPresent: number;
  /** Mean accuracy over the classes in the truth; NaN if there are none. */
  meanAccuracy: number;
  /** IoU weighted by each class's part of the true pixels; NaN if there are none. */
  frequencyWeightedIou: number;
  /** The benchmark's score: (meanIou + pixelAccuracy) / 2. */
  overallScore: number;
  /** One entry for each class, in order. */
  classes: ClassScores[];
}

/**
 * The scores that a confusion matrix holds. Anything else is refused (`bad-json`). Pixel accuracy and mean IoU are those of MIT's `eval.py`.
 *
 * @see Zhou et al., Scene Parsing through ADE20K Dataset, CVPR 2017, section 4; Long et al., Fully Convolutional Networks, CVPR 2015,
 *   section 5 (mean accuracy, frequency-weighted IoU).
 *
 * @example
 * ```ts
 * import { ConfusionMatrix, computeScores } from "@seg/metrics";
 *
 * const matrix = new ConfusionMatrix(2).add(new Uint8Array([0, 0, 1, 1]), new Uint8Array([0, 1, 1, 1]));
 * console.log(computeScores(matrix).pixelAccuracy.toFixed(2)); // 0.75
 * ```
 */
export function computeScores(matrix: ConfusionMatrix): Scores {
  checkIsA(ConfusionMatrix, matrix);
  const { numClasses } = matrix;
  const predicted = new Float64Array(numClasses + 1);
  const actual = new Float64Array(numClasses);
  for (let t = 0; t < numClasses; t++) {
    for (let p = 0; p <= numClasses; p++) {
      const count = matrix.count(t, p);
      actual[t]! += count;
      predicted[p]! += count;
    }
  }

  const classes = Array.from(actual, (truePixels, index): ClassScores => {
    const intersection = matrix.count(index, index);
    const predictedPixels = predicted[index]!;
    const union = truePixels + predictedPixels - intersection;
    return {
      index,
      intersection,
      union,
      truePixels,
      predictedPixels,
      iou: union === 0 ? Number.NaN : intersection / (union + EPSILON),
      accuracy: intersection / truePixels,
      precision: intersection / predictedPixels,
      f1: (2 * intersection) / (truePixels + predictedPixels),
    };
  });

  const pixels = sum(actual);
  const pixelAccuracy = sum(classes.map(({ intersection }) => intersection)) / (pixels + EPSILON);
  const ious = classes.flatMap(({ iou }) => (Number.isNaN(iou) ? [] : [iou]));
  const meanIou = sum(ious) / numClasses;
  const inTruth = classes.filter(({ truePixels }) => truePixels > 0);
  return {
    pixels,
    pixelAccuracy,
    meanIou,
    meanIouPresent: sum(ious) / ious.length,
    meanAccuracy: sum(inTruth.map(({ accuracy }) => accuracy)) / inTruth.length,
    frequencyWeightedIou: sum(inTruth.map(({ truePixels, iou }) => truePixels * iou)) / pixels,
    overallScore: (meanIou + pixelAccuracy) / 2,
    classes,
  };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

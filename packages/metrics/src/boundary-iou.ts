import { MetricsError } from "./errors.ts";
import { checkIgnored, checkIsA, checkNumClasses, checkSameSize, type LabelArray } from "./labels.ts";

/** Boundary counts as plain data. */
export interface BoundaryIouJson {
  numClasses: number;
  ratio: number;
  /** Pixels by class. */
  intersection: number[];
  /** Pixels by class. */
  union: number[];
}

/**
 * Boundary IoU: IoU of the bands along the inner side of each class's outline, so that it tells how well outlines are drawn, which plain IoU of large
 * areas hardly does. A pixel is in the band if a pixel of another class, or the image's edge, lies within the distance d =
 * max(1, round(`ratio` · diagonal)) in rows and in columns. Counts are summed over images; parts of a data set can be merged.
 *
 * Pixels whose true label is ignored count nowhere; towards them both maps have an outline.
 *
 * @see Cheng et al., Boundary IoU: Improving Object-Centric Image Segmentation Evaluation, CVPR 2021.
 *
 * @example
 * ```ts
 * import { BoundaryIou } from "@seg/metrics";
 *
 * const labels = new Uint8Array([0, 0, 1, 1]);
 * console.log(new BoundaryIou(2).add(labels, labels, 4, 1).mean.toFixed(2)); // 1.00
 * ```
 */
export class BoundaryIou {
  readonly numClasses: number;
  /** Width of the band as a part of the image's diagonal. */
  readonly ratio: number;
  readonly #intersection: Float64Array;
  readonly #union: Float64Array;

  /** @throws {MetricsError} `bad-classes` unless `numClasses` is a whole number from 1 to 4096; `bad-size` for a ratio out of 0 to 1. */
  constructor(numClasses: number, ratio = 0.02) {
    checkNumClasses(numClasses);
    if (!(ratio > 0 && ratio <= 1)) {
      throw new MetricsError(
        "bad-size",
        { expected: "a ratio above 0 and up to 1", received: String(ratio), hint: "the paper's is 0.02" },
        { data: { received: String(ratio) } },
      );
    }
    this.numClasses = numClasses;
    this.ratio = ratio;
    this.#intersection = new Float64Array(numClasses);
    this.#union = new Float64Array(numClasses);
  }

  /**
   * Counts one image. If it throws, nothing was counted.
   *
   * @param prediction - predicted labels, `height × width`; not changed.
   * @param truth - true labels of the same size.
   * @returns this object.
   * @throws {MetricsError} `bad-size` if the sizes differ, `bad-label` for a label that is neither a class nor ignored.
   */
  add(prediction: LabelArray, truth: LabelArray, width: number, height: number): this {
    checkSameSize(prediction, truth);
    if (!isSide(width) || !isSide(height) || truth.length !== width * height) {
      throw new MetricsError(
        "bad-size",
        {
          expected: `${width}×${height} = ${width * height} labels`,
          received: String(truth.length),
          hint: "give the map's own size",
        },
        { data: { expected: width * height, received: truth.length } },
      );
    }
    const actual = classesOf(truth, "true", this.numClasses);
    const predicted = classesOf(prediction, "predicted", this.numClasses);
    for (let i = 0; i < actual.length; i++) if (actual[i] === -1) predicted[i] = -1;

    const distance = Math.max(1, Math.round(this.ratio * Math.hypot(width, height)));
    const actualInner = innerPixels(actual, width, height, distance);
    const predictedInner = innerPixels(predicted, width, height, distance);
    for (let i = 0; i < actual.length; i++) {
      const t = actual[i]!;
      const p = predicted[i]!;
      const inTruth = t !== -1 && !actualInner[i];
      const inPrediction = p !== -1 && !predictedInner[i];
      if (inTruth) this.#union[t]!++;
      if (inPrediction && !(inTruth && t === p)) this.#union[p]!++;
      if (inTruth && inPrediction && t === p) this.#intersection[t]!++;
    }
    return this;
  }

  /**
   * Adds another object's counts to this one's.
   *
   * @returns this object.
   * @throws {MetricsError} `bad-classes` if the numbers of classes or the ratios differ.
   */
  merge(other: BoundaryIou): this {
    checkIsA(BoundaryIou, other);
    if (other.numClasses !== this.numClasses || other.ratio !== this.ratio) {
      throw new MetricsError(
        "bad-classes",
        {
          expected: `${this.numClasses} classes and ratio ${this.ratio}`,
          received: `${other.numClasses} and ${other.ratio}`,
          hint: "merge results of one data set",
        },
        {
          data: {
            expected: this.numClasses,
            received: other.numClasses,
            expectedRatio: this.ratio,
            receivedRatio: other.ratio,
          },
        },
      );
    }
    for (let c = 0; c < this.numClasses; c++) {
      this.#intersection[c]! += other.#intersection[c]!;
      this.#union[c]! += other.#union[c]!;
    }
    return this;
  }

  /** Boundary IoU of each class; NaN for a class that is neither in the truth nor in the predictions. */
  get classes(): number[] {
    return Array.from(this.#intersection, (intersection, c) => intersection / this.#union[c]!);
  }

  /** Mean over the classes that occur in the truth or the predictions; NaN if there are none. */
  get mean(): number {
    const present = this.classes.filter((iou) => !Number.isNaN(iou));
    return present.reduce((sum, iou) => sum + iou, 0) / present.length;
  }

  /** Plain data, for files and for messages between workers. */
  toJSON(): BoundaryIouJson {
    const { numClasses, ratio } = this;
    return { numClasses, ratio, intersection: Array.from(this.#intersection), union: Array.from(this.#union) };
  }

  /**
   * The object that {@link BoundaryIou.toJSON} came from.
   *
   * @throws {MetricsError} `bad-json` if it is anything else.
   */
  static fromJSON(json: BoundaryIouJson): BoundaryIou {
    const { numClasses, ratio, intersection, union } = json ?? {};
    const isCounts = (values: unknown) =>
      Array.isArray(values) &&
      values.length === numClasses &&
      values.every((value) => Number.isSafeInteger(value) && value >= 0);
    if (typeof ratio !== "number" || !isCounts(intersection) || !isCounts(union)) {
      throw new MetricsError("bad-json", {
        expected: "{ numClasses, ratio, intersection, union } with a whole number for each class",
        received: "something else",
        hint: "save it with toJSON",
      });
    }
    const restored = new BoundaryIou(numClasses, ratio);
    restored.#intersection.set(intersection);
    restored.#union.set(union);
    return restored;
  }
}

const isSide = (side: unknown) => Number.isInteger(side) && (side as number) > 0;

/** A copy of the labels in which everything ignored is −1. */
function classesOf(labels: LabelArray, map: "true" | "predicted", numClasses: number): Int32Array {
  const classes = new Int32Array(labels);
  for (let i = 0; i < classes.length; i++) {
    if (classes[i]! >= 0 && classes[i]! < numClasses) continue;
    checkIgnored(classes[i]!, map, i, numClasses);
    classes[i] = -1;
  }
  return classes;
}

/** 1 where the square of `2·distance + 1` pixels around a pixel lies in the image and holds one label only. */
function innerPixels(labels: Int32Array, width: number, height: number, distance: number): Uint8Array {
  const side = 2 * distance + 1;
  // The label where all of the square's middle row holds it, else −2; then the same along columns.
  const uniform = new Int32Array(labels.length).fill(-2);
  for (let y = 0; y < height; y++) {
    let run = 0;
    for (let x = 0, i = y * width; x < width; x++, i++) {
      run = x > 0 && labels[i] === labels[i - 1] ? run + 1 : 1;
      if (run >= side) uniform[i - distance] = labels[i]!;
    }
  }
  const inner = new Uint8Array(labels.length);
  const runs = new Int32Array(width);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      runs[x] = y > 0 && uniform[i] === uniform[i - width] ? runs[x]! + 1 : 1;
      if (runs[x]! >= side && uniform[i] !== -2) inner[i - distance * width] = 1;
    }
  }
  return inner;
}

import { MetricsError } from "./errors.ts";
import { checkIgnored, checkIsA, checkNumClasses, checkSameSize, type LabelArray } from "./labels.ts";

// Labels of any type are brought to one type, block by block, so that the engine compiles the counting once and well.
const BLOCK = 4096;
const trueBlock = new Int32Array(BLOCK);
const predictedBlock = new Int32Array(BLOCK);

/** A confusion matrix as plain data. */
export interface ConfusionMatrixJson {
  numClasses: number;
  /** `counts[truth][prediction]` pixels; one column more than classes: pixels whose prediction was ignored. */
  counts: number[][];
}

/**
 * Counts, for each true class, how many of its pixels were predicted as each class. Matrices over parts of a data set, merged in any
 * order, equal the matrix over the whole. Counts are whole numbers, exact up to 2^53.
 *
 * Pixels whose true label is ignored are not counted. A pixel whose true label is a class but whose prediction is ignored counts as
 * wrong, for no class: it lowers that class's accuracy and IoU and nobody's precision.
 *
 * @example
 * ```ts
 * import { ConfusionMatrix } from "@seg/metrics";
 *
 * const prediction = new Uint8Array([0, 0, 1]);
 * const truth = new Uint8Array([0, 1, 1]);
 * const matrix = new ConfusionMatrix(2).add(prediction, truth);
 * console.log(JSON.stringify(matrix.toJSON().counts)); // [[1,0,0],[1,1,0]]
 * ```
 */
export class ConfusionMatrix {
  readonly numClasses: number;
  /** `numClasses` rows of `numClasses + 1` counts. */
  readonly #counts: Float64Array;
  // Pixels take turns between two tables: equal neighbours would otherwise wait for each other's increment.
  readonly #even: Uint32Array;
  readonly #odd: Uint32Array;

  /** @throws {MetricsError} `bad-classes` unless `numClasses` is a whole number from 1 to 4096. */
  constructor(numClasses: number) {
    checkNumClasses(numClasses);
    this.numClasses = numClasses;
    const size = numClasses * (numClasses + 1);
    this.#counts = new Float64Array(size);
    this.#even = new Uint32Array(size);
    this.#odd = new Uint32Array(size);
  }

  /**
   * Counts one image, or any other pixels. If it throws, nothing was counted.
   *
   * @param prediction - predicted labels; not changed.
   * @param truth - true labels, as many.
   * @returns this matrix.
   * @throws {MetricsError} `bad-size` if the lengths differ, `bad-label` for a label that is neither a class nor ignored.
   */
  add(prediction: LabelArray, truth: LabelArray): this {
    checkSameSize(prediction, truth);
    try {
      for (let start = 0; start < truth.length; start += BLOCK) {
        const length = Math.min(BLOCK, truth.length - start);
        predictedBlock.set(prediction.subarray(start, start + length));
        trueBlock.set(truth.subarray(start, start + length));
        // The counting goes by pairs.
        if (length % 2) trueBlock[length] = -1;
        countBlock(this.#even, this.#odd, this.numClasses, length, start);
      }
      const [counts, even, odd] = [this.#counts, this.#even, this.#odd];
      for (let i = 0; i < counts.length; i++) counts[i]! += even[i]! + odd[i]!;
    } finally {
      this.#even.fill(0);
      this.#odd.fill(0);
    }
    return this;
  }

  /**
   * Adds another matrix's counts to this one's.
   *
   * @returns this matrix.
   * @throws {MetricsError} `bad-classes` if the numbers of classes differ.
   */
  merge(other: ConfusionMatrix): this {
    checkIsA(ConfusionMatrix, other);
    if (other.numClasses !== this.numClasses) {
      throw new MetricsError(
        "bad-classes",
        {
          expected: `a matrix of ${this.numClasses} classes`,
          received: `one of ${other.numClasses}`,
          hint: "merge results of one data set",
        },
        { data: { expected: this.numClasses, received: other.numClasses } },
      );
    }
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i]! += other.#counts[i]!;
    return this;
  }

  /**
   * How many pixels of class `truth` were predicted as class `prediction`; `prediction` = `numClasses`: whose prediction was ignored.
   *
   * @throws {MetricsError} `bad-label` for a class that there is not.
   */
  count(truth: number, prediction: number): number {
    const isWithin = (value: number, end: number) => Number.isInteger(value) && value >= 0 && value < end;
    if (!isWithin(truth, this.numClasses) || !isWithin(prediction, this.numClasses + 1)) {
      throw new MetricsError("bad-label", {
        expected: `a true class below ${this.numClasses} and a predicted one up to it`,
        received: `${truth} and ${prediction}`,
      });
    }
    return this.#counts[truth * (this.numClasses + 1) + prediction]!;
  }

  /** Plain data, for files and for messages between workers. */
  toJSON(): ConfusionMatrixJson {
    const stride = this.numClasses + 1;
    const counts = Array.from({ length: this.numClasses }, (_, truth) =>
      Array.from(this.#counts.subarray(truth * stride, (truth + 1) * stride)),
    );
    return { numClasses: this.numClasses, counts };
  }

  /**
   * The matrix that {@link ConfusionMatrix.toJSON} gave.
   *
   * @throws {MetricsError} `bad-json` if it is anything else.
   */
  static fromJSON(json: ConfusionMatrixJson): ConfusionMatrix {
    const { numClasses, counts } = json ?? {};
    const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
    const isRow = (row: unknown) => Array.isArray(row) && row.length === numClasses + 1 && row.every(isCount);
    if (!Array.isArray(counts) || counts.length !== numClasses || !counts.every(isRow)) {
      throw new MetricsError("bad-json", {
        expected: "{ numClasses, counts } with a row of numClasses + 1 whole numbers for each class",
        received: "something else",
        hint: "save it with toJSON",
      });
    }
    const matrix = new ConfusionMatrix(numClasses);
    matrix.#counts.set(counts.flat());
    return matrix;
  }
}

/** Counts the labels in both blocks, two at a time; `start` is the first one's position in the image. */
function countBlock(even: Uint32Array, odd: Uint32Array, classes: number, length: number, start: number): void {
  const stride = classes + 1;
  for (let i = 0; i < length; i += 2) {
    const t0 = trueBlock[i]!;
    const p0 = predictedBlock[i]!;
    // As unsigned numbers, negative labels are too large as well.
    if (t0 >>> 0 < classes && p0 >>> 0 < classes) even[t0 * stride + p0]!++;
    else countIgnored(even, classes, t0, p0, start + i);
    const t1 = trueBlock[i + 1]!;
    const p1 = predictedBlock[i + 1]!;
    if (t1 >>> 0 < classes && p1 >>> 0 < classes) odd[t1 * stride + p1]!++;
    else countIgnored(odd, classes, t1, p1, start + i + 1);
  }
}

function countIgnored(table: Uint32Array, classes: number, truth: number, prediction: number, position: number): void {
  if (truth >>> 0 >= classes) checkIgnored(truth, "true", position, classes);
  else {
    checkIgnored(prediction, "predicted", position, classes);
    table[truth * (classes + 1) + classes]!++;
  }
}

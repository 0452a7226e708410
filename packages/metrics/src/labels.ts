import { MetricsError } from "./errors.ts";

/**
 * The class of every pixel, row by row: 0 is the first class. −1 is ignored, and so is 255 unless there are more than 255 classes.
 */
export type LabelArray = Uint8Array | Uint8ClampedArray | Int8Array | Uint16Array | Int16Array | Int32Array;

const MAX_CLASSES = 4096;

/** Throws unless `numClasses` is a whole number from 1 to 4096. */
export function checkNumClasses(numClasses: number): void {
  if (!Number.isInteger(numClasses) || numClasses < 1 || numClasses > MAX_CLASSES) {
    throw new MetricsError(
      "bad-classes",
      `Expected a number of classes from 1 to ${MAX_CLASSES} but received ${numClasses}: give that of the data set.`,
    );
  }
}

/** Throws unless both maps have the same number of pixels. */
export function checkSameSize(prediction: LabelArray, truth: LabelArray): void {
  if (prediction.length !== truth.length) {
    throw new MetricsError(
      "bad-size",
      `Expected as many predicted labels as true ones, ${truth.length}, but received ${prediction.length}: bring the prediction to the label's size.`,
    );
  }
}

/** Whether a label that is no class is one of those that mean "ignore"; throws for any other. */
export function checkIgnored(label: number, kind: "true" | "predicted", position: number, numClasses: number): void {
  if (label === -1 || label === 255) return;
  throw new MetricsError(
    "bad-label",
    `Expected ${kind} labels from 0 to ${numClasses - 1}, -1 or 255 but received ${label} at position ${position}: subtract 1 from label files, and check the number of classes.`,
  );
}

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
      {
        expected: `a number of classes from 1 to ${MAX_CLASSES}`,
        received: String(numClasses),
        hint: "give that of the data set",
      },
      { data: { received: numClasses } },
    );
  }
}

const ARRAYS = [Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array, Int32Array] as const;

/** Throws unless both maps are arrays of whole numbers, with the same number of pixels. */
export function checkSameSize(prediction: LabelArray, truth: LabelArray): void {
  for (const labels of [prediction, truth]) {
    if (ARRAYS.some((type) => labels instanceof type)) continue;
    const received = Object.prototype.toString.call(labels).slice(8, -1);
    throw new MetricsError(
      "bad-label",
      { expected: "labels in a typed array of whole numbers", received, hint: "make it with Int32Array.from" },
      { data: { received } },
    );
  }
  const [expected, received] = [truth.length, prediction.length];
  if (received !== expected) {
    throw new MetricsError(
      "bad-size",
      {
        expected: `as many predicted labels as true ones, ${expected},`,
        received: String(received),
        hint: "bring the prediction to the label's size",
      },
      { data: { expected, received } },
    );
  }
}

/** Whether a label that is no class is one of those that mean "ignore"; throws for any other. */
export function checkIgnored(value: number, map: "true" | "predicted", position: number, numClasses: number): void {
  if (value === -1 || value === 255) return;
  throw new MetricsError(
    "bad-label",
    {
      expected: `${map} labels from 0 to ${numClasses - 1}, -1 or 255`,
      received: `${value} at position ${position}`,
      hint: "subtract 1 from label files, and check the number of classes",
    },
    { data: { value, numClasses, map, position } },
  );
}

/** Throws unless a result is one of this package's own, of the same kind. */
export function checkIsA<T>(
  kind: (new (...args: never[]) => T) & { name: string },
  value: unknown,
): asserts value is T {
  if (value instanceof kind) return;
  const received = Object.prototype.toString.call(value).slice(8, -1);
  throw new MetricsError(
    "bad-json",
    { expected: `a ${kind.name}`, received, hint: "restore a saved one by fromJSON" },
    { data: { received } },
  );
}

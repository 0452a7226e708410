import type { Color, SegClass } from "./classes.ts";
import { badOption } from "./errors.ts";
import { checkSides, kindOf } from "./pixels.ts";

/** Class indices: 0 is the first class, −1 means unlabeled. */
export type LabelArray = Uint8Array | Uint8ClampedArray | Int8Array | Uint16Array | Int16Array | Int32Array;

/** The class of every pixel, row by row, `height × width` values. */
export interface LabelMap<Labels extends LabelArray = LabelArray> {
  labels: Labels;
  width: number;
  height: number;
}

/**
 * Label values as files hold them: 0 for unlabeled, `index + 1` for a class.
 *
 * @throws {DataError} `option` if the map's size is not that of its labels, or a label is neither an index into `classCount` classes nor −1.
 */
export function labelValues(map: LabelMap, classCount: number): Uint8Array {
  const { labels, width, height } = map ?? {};
  if (classCount > 255) {
    throw badOption("classes", classCount, {
      expected: "at most 255 classes in 8-bit labels",
      received: `${classCount}`,
    });
  }
  checkSides(width, height);
  if (!/^(Uint8|Uint8Clamped|Int8|Uint16|Int16|Int32)Array$/.test(kindOf(labels))) {
    throw badOption("labels", kindOf(labels), {
      expected: "labels in a typed array of whole numbers",
      received: kindOf(labels),
      hint: "make it with Int16Array.from",
    });
  }
  if (labels.length !== width * height) {
    throw badOption("labels", labels.length, {
      expected: `${width}×${height} = ${width * height} labels`,
      received: `${labels.length}`,
    });
  }
  const values = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < -1 || label >= classCount) {
      throw badOption("labels", label, {
        expected: `labels from -1 to ${classCount - 1}`,
        received: `${label}`,
        hint: "give the classes that the labels belong to",
      });
    }
    values[i] = label + 1;
  }
  return values;
}

/** How much of a label map one class takes. */
export interface ClassShare {
  index: number;
  name: string;
  /** Part of all pixels, unlabeled ones included, 0-1. */
  share: number;
  color: Color;
}

/**
 * The classes that occur in a label map, the largest first; classes of equal share stay in class order.
 *
 * @throws {DataError} `option` as {@link colorize} does.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, classShares } from "@seg/ade20k-data";
 *
 * const map = { labels: new Uint8Array([2, 2, 2, 0]), width: 2, height: 2 };
 * const shares = classShares(map, ADE20K_CLASSES).map(({ name, share }) => `${name} ${share}`);
 * console.log(shares.join(", ")); // sky 0.75, wall 0.25
 * ```
 */
export function classShares(map: LabelMap, classes: readonly SegClass[]): ClassShare[] {
  const counts = new Float64Array(classes.length + 1);
  for (const value of labelValues(map, classes.length)) counts[value]! += 1;
  return classes
    .map(({ index, name, color }) => ({ index, name, share: counts[index + 1]! / map.labels.length, color }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

import {
  type ClassMask,
  type ClassShare,
  classMask,
  classShares,
  type LabelMap,
  legend,
  overlay,
  type RgbImage,
  type SegClass,
} from "@seg/ade20k-data";
import { nearest } from "@seg/errors";
import { PipelineError } from "./errors.ts";

export { classSet } from "./class-set.ts";

/** The probability of each class at each pixel. */
export interface ClassProbabilities {
  /** Of all rows together. */
  readonly shape: readonly [height: number, width: number, classes: number];
  /** The photo's rows, first to last, each `[width, classes]`, 0-1; a row is computed when it is asked for. */
  rows(): Iterable<Float32Array>;
}

/** What a photo shows. */
export interface Segmentation {
  /** The class of each pixel, row by row; indices from 0. */
  labels: Uint8Array | Int32Array;
  /** The photo's width in pixels. */
  width: number;
  /** The photo's height in pixels. */
  height: number;
  /** The classes present, the largest first, with their share of all pixels (0-1). */
  classes: ClassShare[];
  /** The photo itself, as it was decoded. */
  image: RgbImage;
  /** Each class's probability at each pixel, where `scores` asked for them. */
  scores?: ClassProbabilities;
  /** The photo with the classes' colours over it, `alpha` (0-1, default 0.5) of it colour. */
  overlay(alpha?: number): RgbImage;
  /** A picture that tells which colour is which class, for the classes present; `withLegend` of `@seg/ade20k-data` puts it beside another. */
  legend(): RgbImage;
  /**
   * Where one class is: 255 for its pixels, 0 for others.
   *
   * @param which - the class's index, from 0, or one of its names; it need not be present.
   * @throws {PipelineError} `option` if there is no such class.
   */
  mask(which: number | string): ClassMask;
}

/**
 * What an image shows, made of its labels.
 *
 * @param image - the photo, of the labels' size.
 * @param map - the index of each pixel's class.
 * @param known - all classes, in the order of their indices.
 * @param scores - the classes' probabilities, where they were asked for.
 */
export function segmentationOf(
  image: RgbImage,
  { labels, width, height }: LabelMap & Pick<Segmentation, "labels">,
  known: readonly SegClass[],
  scores?: ClassProbabilities,
): Segmentation {
  const map = { labels, width, height };
  const classes = classShares(map, known);
  return {
    ...map,
    classes,
    image,
    ...(scores && { scores }),
    overlay: (alpha) => overlay(image, map, known, alpha),
    legend: () => legend(classes),
    mask: (which) => classMask(map, indexOf(known, which)),
  };
}

function indexOf(classes: readonly SegClass[], which: number | string): number {
  const found = classes.find(({ index, names }) =>
    typeof which === "string" ? names.includes(which) : index === which,
  );
  if (found) return found.index;
  const names = classes.flatMap((known) => known.names);
  const best = typeof which === "string" ? nearest(which, names) : undefined;
  throw new PipelineError(
    "option",
    {
      expected: `a class's name, or its index from 0 to ${classes.length - 1}`,
      received: typeof which === "string" ? `"${which}"` : String(which),
      ...(best !== undefined && { hint: `did you mean "${best}"?` }),
    },
    { data: { option: "mask", received: which } },
  );
}

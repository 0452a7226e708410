import pMap from "p-map";
import { refuseUnknown } from "./errors.ts";
import type { PixelLimit } from "./image-limits.ts";
import type { LabelConvention } from "./label-convention.ts";
import type { LabelMap } from "./label-map.ts";
import type { OdgtRecord } from "./odgt.ts";
import { readLabel } from "./read-label.ts";
import { labelOf } from "./read-pair.ts";

/** How often a class occurs. */
export interface ClassCount {
  /** Its pixels. */
  pixels: number;
  /** The label maps with at least one of them. */
  images: number;
  /** All pixels of those label maps, of whatever class, and unlabeled ones. */
  imagePixels: number;
}

/** What label maps show, counted; plain data. */
export interface LabelCounts {
  /** How many label maps were counted. */
  images: number;
  /** All of their pixels. */
  pixels: number;
  /** Those of them that no class has. */
  unlabeled: number;
  /** Each class's own. */
  classes: ClassCount[];
}

/** What is counted, and who is told. */
export interface CountOptions extends PixelLimit {
  /** How many classes there are. */
  numClasses: number;
  /** What label values, or colours, mean; default ADE20K's convention. */
  convention?: LabelConvention | undefined;
  /** Told after each label: how many are read, of how many. */
  onProgress?: (done: number, total: number) => void;
  /** Stops the counting; its reason is thrown. */
  signal?: AbortSignal | undefined;
}

const OPTIONS = ["numClasses", "convention", "onProgress", "signal", "maxPixels"] satisfies (keyof CountOptions)[];

/** The pixels of a label map, whose labels are from −1 to the number of classes: those without a class, then each class's. */
export function countLabels({ labels }: LabelMap, numClasses: number): Uint32Array {
  const pixels = new Uint32Array(numClasses + 1);
  for (let i = 0; i < labels.length; i++) pixels[labels[i]! + 1]! += 1;
  return pixels;
}

/**
 * Reads all labels and counts the pixels of each: for every record `1 + numClasses` numbers, pixels without a class first.
 *
 * @throws {DataError} what {@link readLabel} throws; `bad-list` if a record names no label; `option`. The signal's reason.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, countClasses, writeLabelPng } from "@seg/ade20k-data";
 *
 * await writeLabelPng("counted.png", { labels: new Int16Array([0, 1, 1, -1]), width: 2, height: 2 }, ADE20K_CLASSES);
 * const record = { imagePath: "counted.jpg", labelPath: "counted.png", width: 2, height: 2 };
 * // Without a class, of class 0, of class 1.
 * console.log((await countClasses([record], { numClasses: 2 })).join(" ")); // 1,1,2
 * ```
 */
export async function countClasses(records: readonly OdgtRecord[], options: CountOptions): Promise<Uint32Array[]> {
  refuseUnknown(options, OPTIONS, "the options of countClasses");
  const { numClasses, convention, maxPixels, onProgress, signal } = options;
  let done = 0;
  const count = async (record: OdgtRecord) => {
    signal?.throwIfAborted();
    // Of whatever size: turning a label does not change its counts.
    const pixels = countLabels(await readLabel(labelOf(record), { numClasses, convention, maxPixels }), numClasses);
    onProgress?.(++done, records.length);
    return pixels;
  };
  // Decoding keeps several threads busy.
  return pMap(records, count, { concurrency: 8 });
}

/**
 * Sums what {@link countClasses} gives over all label maps.
 *
 * @example
 * ```ts
 * import { sumCounts } from "@seg/ade20k-data";
 *
 * // Two label maps of 4 pixels; of each: without a class, of class 0, of class 1.
 * const { pixels, unlabeled, classes } = sumCounts([new Uint32Array([1, 1, 2]), new Uint32Array([0, 4, 0])], 2);
 * console.log(pixels, unlabeled); // 8 1
 * console.log(classes[1]); // { pixels: 2, images: 1, imagePixels: 4 }
 * ```
 */
export function sumCounts(each: Iterable<Uint32Array>, numClasses: number): LabelCounts {
  const counts: LabelCounts = {
    images: 0,
    pixels: 0,
    unlabeled: 0,
    classes: Array.from({ length: numClasses }, () => ({ pixels: 0, images: 0, imagePixels: 0 })),
  };
  for (const own of each) {
    const all = own.reduce((a, b) => a + b, 0);
    counts.images++;
    counts.pixels += all;
    counts.unlabeled += own[0]!;
    counts.classes.forEach((of, index) => {
      const pixels = own[index + 1]!;
      if (pixels === 0) return;
      of.pixels += pixels;
      of.images++;
      of.imagePixels += all;
    });
  }
  return counts;
}

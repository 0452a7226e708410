import pMap from "p-map";
import { refuseUnknown } from "./errors.ts";
import type { OdgtRecord } from "./odgt.ts";
import { readLabel } from "./read-label.ts";
import { labelOf } from "./train-batch.ts";

/** How classes are counted, and who is told. */
export interface CountOptions {
  /** How many classes there are: label values may be 0 to this. */
  numClasses: number;
  /** Told after each label: how many are done, of how many. */
  onProgress?: (done: number, total: number) => void;
  /** Stops the count; its reason is thrown. */
  signal?: AbortSignal;
}

const OPTIONS = ["numClasses", "onProgress", "signal"] satisfies (keyof CountOptions)[];

/** How often a class occurs in a data set. */
export interface ClassCount {
  /** Pixels of the class. */
  pixels: number;
  /** Photos with at least one. */
  images: number;
  /** All pixels of those photos, of whatever class, and unlabeled ones. */
  imagePixels: number;
}

/**
 * Counts each class's pixels and photos in the label files of a list.
 *
 * @returns One count for each class, in their order.
 * @throws {DataError} what is wrong with a label, or `option`; the signal's reason.
 */
export async function countClasses(records: readonly OdgtRecord[], options: CountOptions): Promise<ClassCount[]> {
  refuseUnknown(options, OPTIONS, "the options of countClasses");
  const { numClasses, onProgress, signal } = options;
  const counts = Array.from({ length: numClasses }, () => ({ pixels: 0, images: 0, imagePixels: 0 }));
  let done = 0;
  const count = async (record: OdgtRecord) => {
    signal?.throwIfAborted();
    const { width, height } = record;
    const { labels } = await readLabel(labelOf(record), { numClasses, width, height });
    const pixels = new Uint32Array(numClasses);
    for (const label of labels) if (label >= 0) pixels[label]!++;
    for (const [index, count] of counts.entries()) {
      if (pixels[index] === 0) continue;
      count.pixels += pixels[index]!;
      count.images++;
      count.imagePixels += labels.length;
    }
    onProgress?.(++done, records.length);
  };
  // Decoding keeps several threads busy.
  await pMap(records, count, { concurrency: 8 });
  return counts;
}

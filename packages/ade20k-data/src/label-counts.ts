import pMap from "p-map";
import type { LabelMap } from "./label-map.ts";
import type { OdgtRecord } from "./odgt.ts";
import { type LabelOptions, readLabel } from "./read-label.ts";
import { labelOf } from "./read-pair.ts";

/** What label maps show, counted; plain data. */
export interface LabelCounts {
  /** How many label maps were counted. */
  images: number;
  /** All of their pixels. */
  pixels: number;
  /** Those of them that no class has. */
  unlabeled: number;
  /** Of each class, its pixels and the label maps that show it. */
  classes: { pixels: number; images: number }[];
}

/** Counts of nothing. */
export const noCounts = (numClasses: number): LabelCounts => ({
  images: 0,
  pixels: 0,
  unlabeled: 0,
  classes: Array.from({ length: numClasses }, () => ({ pixels: 0, images: 0 })),
});

/** Adds a label map, whose labels are from −1 to the number of classes, to counts. */
export function countLabels(counts: LabelCounts, { labels }: LabelMap): void {
  const own = new Uint32Array(counts.classes.length + 1);
  for (let i = 0; i < labels.length; i++) own[labels[i]! + 1]! += 1;
  counts.images++;
  counts.pixels += labels.length;
  counts.unlabeled += own[0]!;
  counts.classes.forEach((of, index) => {
    const pixels = own[index + 1]!;
    of.pixels += pixels;
    if (pixels > 0) of.images++;
  });
}

/**
 * Reads and counts the labels of photos, at which it does not look.
 *
 * @throws {DataError} what is wrong with one of them.
 */
export async function countDataset(
  records: readonly OdgtRecord[],
  {
    numClasses,
    convention,
    signal,
  }: Required<Pick<LabelOptions, "numClasses" | "convention">> & { signal?: AbortSignal },
): Promise<LabelCounts> {
  const counts = noCounts(numClasses);
  const count = async (record: OdgtRecord) => {
    signal?.throwIfAborted();
    countLabels(counts, await readLabel(labelOf(record), { numClasses, convention }));
  };
  // Decoding keeps several threads busy.
  await pMap(records, count, { concurrency: 8 });
  return counts;
}

import pMap from "p-map";
import { readImageHeader } from "./image-header.ts";
import type { LabelMap } from "./label-map.ts";
import type { OdgtRecord } from "./odgt.ts";
import { isSizeSilent } from "./orientation.ts";
import { readBytes } from "./read-bytes.ts";
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

/** What {@link countDataset} counts; photos whose labels' sizes do not tell how they lie, as {@link checkDataset} names them. */
export interface CountedDataset extends LabelCounts {
  silent: string[];
}

/**
 * Reads and counts the labels of photos, at which it does not look.
 *
 * @throws {DataError} what is wrong with one of them, or a photo's header.
 */
export async function countDataset(
  records: readonly OdgtRecord[],
  {
    numClasses,
    convention,
    signal,
  }: Required<Pick<LabelOptions, "numClasses" | "convention">> & { signal?: AbortSignal },
): Promise<CountedDataset> {
  const counts = noCounts(numClasses);
  const silent: string[] = [];
  const count = async (record: OdgtRecord) => {
    signal?.throwIfAborted();
    const photo = await readImageHeader(await readBytes(record.imagePath), record.imagePath);
    if (isSizeSilent(photo)) silent.push(record.imagePath);
    const { width, height, orientation } = photo;
    countLabels(counts, await readLabel(labelOf(record), { numClasses, convention, width, height, orientation }));
  };
  // Decoding keeps several threads busy.
  await pMap(records, count, { concurrency: 8 });
  return { ...counts, silent: silent.sort() };
}

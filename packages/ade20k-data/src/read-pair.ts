import { decodeImageWithHeader } from "./decode-image.ts";
import { DataError } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import type { LabelMap } from "./label-map.ts";
import type { OdgtRecord } from "./odgt.ts";
import { type ShownSize, storedSize } from "./orientation.ts";
import { type LabelOptions, readLabel } from "./read-label.ts";

/** How a photo's label is read. */
export type PairOptions = Pick<LabelOptions, "numClasses" | "convention" | "maxPixels">;

/** A photo and its label, pixel on pixel. */
export interface Pair {
  photo: RgbImage;
  label: LabelMap<Int16Array>;
}

/**
 * Reads a photo and its label, which is turned as EXIF turns the photo where it was drawn on the pixels as they are stored; see
 * {@link LabelConvention}. Training, evaluation and {@link checkDataset} all read pairs by the same rules.
 *
 * @param record - the photo's size is checked where it is there.
 * @throws {DataError} what {@link decodeImage} and {@link readLabel} throw; `bad-size` if the photo has not the size that is listed;
 *   `bad-list` if it has no label.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, blankImage, readPair, writeImage, writeLabelPng } from "@seg/ade20k-data";
 *
 * await writeImage("pair.png", blankImage(2, 2, [6, 230, 230]));
 * await writeLabelPng("pair-label.png", { labels: new Uint8Array(4).fill(2), width: 2, height: 2 }, ADE20K_CLASSES);
 * const { photo, label } = await readPair({ imagePath: "pair.png", labelPath: "pair-label.png" });
 * console.log(photo.data.length, label.labels.join(" ")); // 12 2 2 2 2
 * ```
 */
export async function readPair(
  record: Pick<OdgtRecord, "imagePath" | "labelPath"> & Partial<OdgtRecord>,
  { numClasses, convention, maxPixels }: PairOptions = {},
): Promise<Pair> {
  const { image: photo, orientation } = await decodeImageWithHeader(record.imagePath, { maxPixels });
  const { width, height } = photo;
  checkListedSize(record, { width, height, orientation });
  const checks = { numClasses, convention, maxPixels, width, height, orientation };
  const label = await readLabel(labelOf(record), checks);
  return { photo, label };
}

/** @throws {DataError} `bad-size` if a photo has not the size that its record in the list says, as shown or as stored. */
export function checkListedSize(
  { imagePath, width: expectedWidth, height: expectedHeight }: Pick<OdgtRecord, "imagePath"> & Partial<OdgtRecord>,
  photo: ShownSize,
): void {
  if (expectedWidth === undefined || expectedHeight === undefined) return;
  const { width, height } = photo;
  const stored = storedSize(photo);
  for (const size of [photo, stored]) if (size.width === expectedWidth && size.height === expectedHeight) return;
  const before = stored.width === width ? "" : ` (${stored.width}×${stored.height} before EXIF turns it)`;
  throw new DataError(
    "bad-size",
    `${imagePath}: Expected ${expectedWidth}×${expectedHeight} pixels, as the list says, but received ${width}×${height}${before}: correct the list.`,
    { data: { file: imagePath, width, height, expectedWidth, expectedHeight } },
  );
}

/** @throws {DataError} `bad-list` if a record names no label. */
export function labelOf({ imagePath, labelPath }: Pick<OdgtRecord, "imagePath" | "labelPath">): string {
  if (labelPath !== undefined) return labelPath;
  throw new DataError(
    "bad-list",
    `${imagePath}: Expected a label but the list names none: add fpath_segm to its line.`,
    { data: { file: imagePath, key: "fpath_segm" } },
  );
}

import pMap from "p-map";
import { readImageHeader } from "./image-header.ts";
import type { PixelLimit } from "./image-limits.ts";
import type { OdgtRecord } from "./odgt.ts";
import { isSizeSilent, type ShownSize } from "./orientation.ts";
import { readBytes } from "./read-bytes.ts";
import { type ScaleOptions, unpaddedSize } from "./validation-scales.ts";

/** What networks see as one cell, in pixels. */
const CELL = 8;

/** A photo so long that a side gets less than 8 pixels. */
export interface ThinPhoto {
  file: string;
  side: "width" | "height";
}

/** What is doubtful about photos. */
export interface DoubtfulPhotos {
  /** Photos that EXIF turns or mirrors without changing their size: whether labels were drawn before or after, theirs do not tell. */
  silent: string[];
  /** Photos of which a side gets less than 8 pixels at one of the sizes. */
  thin: ThinPhoto[];
}

/** How photos are scaled. */
export interface LookOptions extends PixelLimit {
  /** The short sides, in pixels, that photos are brought to (`DATASET.imgSizes`). */
  sizes: readonly number[];
  /** The long side's limit (`DATASET.imgMaxSize`); default 1000. */
  maxSize?: ScaleOptions["maxSize"];
}

/**
 * The side of a photo that gets less than 8 pixels, a cell of the networks, at one of the sizes; undefined where none does.
 *
 * @throws {DataError} `bad-size` if it gets none.
 *
 * @example
 * ```ts
 * import { thinSide } from "@seg/ade20k-data";
 *
 * // With the long side at its limit of 1000 pixels, 4 of 800 become 5.
 * console.log(thinSide({ width: 800, height: 4 }, { sizes: [300], name: "ribbon.jpg" })); // height
 * console.log(thinSide({ width: 800, height: 600 }, { sizes: [300], name: "sea.jpg" })); // undefined
 * ```
 */
export function thinSide(
  photo: { width: number; height: number },
  { sizes, maxSize, name }: Omit<LookOptions, "maxPixels"> & { name: string },
): ThinPhoto["side"] | undefined {
  const scaled = sizes.map((shortSide) => unpaddedSize(photo, { shortSide, maxSize, name }));
  return (["width", "height"] as const).find((side) => scaled.some((size) => size[side] < CELL));
}

/** Notes what is doubtful about a photo. */
export function noteDoubts(
  { silent, thin }: DoubtfulPhotos,
  photo: ShownSize,
  { sizes, maxSize, name: file }: Partial<LookOptions> & { name: string },
): void {
  if (isSizeSilent(photo)) silent.push(file);
  const side = sizes && thinSide(photo, { sizes, maxSize, name: file });
  if (side) thin.push({ file, side });
}

/** What was noted, by name: several photos are looked at at once. */
export const inOrder = ({ silent, thin }: DoubtfulPhotos): DoubtfulPhotos => ({
  silent: silent.sort(),
  thin: thin.sort((a, b) => (a.file < b.file ? -1 : 1)),
});

/**
 * Looks at the headers of photos for what is doubtful about them beside their labels.
 *
 * @throws {DataError} what is wrong with a photo. The signal's reason.
 *
 * @example
 * ```ts
 * import { blankImage, lookAtPhotos, writeImage } from "@seg/ade20k-data";
 *
 * await writeImage("ribbon.png", blankImage(800, 4));
 * // Brought to at most 1000 pixels, it is 5 pixels high.
 * console.log((await lookAtPhotos([{ imagePath: "ribbon.png" }], { sizes: [300] })).thin); // [ { file: 'ribbon.png', side: 'height' } ]
 * ```
 */
export async function lookAtPhotos(
  records: readonly Pick<OdgtRecord, "imagePath">[],
  { signal, ...options }: LookOptions & { signal?: AbortSignal | undefined },
): Promise<DoubtfulPhotos> {
  const found: DoubtfulPhotos = { silent: [], thin: [] };
  const look = async ({ imagePath: file }: Pick<OdgtRecord, "imagePath">) => {
    signal?.throwIfAborted();
    noteDoubts(found, await readImageHeader(await readBytes(file), file, options), { ...options, name: file });
  };
  await pMap(records, look, { concurrency: 8 });
  return inOrder(found);
}

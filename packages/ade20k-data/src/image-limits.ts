import { badOption, DataError } from "./errors.ts";

/**
 * The most pixels of an image unless `maxPixels` says otherwise: what Pillow, and so the original, takes before it calls a file a
 * decompression bomb. Cameras' 100-megapixel photos are within.
 *
 * @see Pillow's Image.MAX_IMAGE_PIXELS, of which twice as many is an error.
 */
export const MAX_PIXELS = 178_956_970;

/** What PNG's own library takes. Rows are decoded several at a time, so that a longer one takes more memory than its image. */
const MAX_SIDE = 1_000_000;

/** As so many pixels counts one of an image that its decoder holds whole, 4 to 14 bytes a pixel beside the result's 3. */
export const HELD_WHOLE = 4;

/** The same, where the file is as large as photos are: 100 megapixels are within. */
export const HELD_WHOLE_PHOTO = 5 / 3;

/** That a file holds so much beside its pixels, or of them, that it can only be meant to hurt; the message says what, after its name. */
export class Excess extends Error {}

/** How large images may be. */
export interface PixelLimit {
  /** The most pixels of a photo or label, by what its header says; default 178 956 970. Of WebP, AVIF, GIF and interlaced PNG three
   * fifths, and a quarter where the file has less than a byte for 256 pixels; a JPEG in several scans (progressive) may take 4 bytes for each of these pixels, and takes 3 (4:2:0) to 8 (CMYK). */
  maxPixels?: number | undefined;
}

/** What an image's header says of its size. */
interface DeclaredSize {
  width: number;
  height: number;
  /** As how many pixels each of its own counts, because its decoder holds all of it at once and not some rows; default 1. */
  weight?: number;
}

/**
 * Refuses an image that has too few pixels or too many, before it is decoded.
 *
 * @param least - the shortest side.
 * @throws {DataError} `bad-size`; `option`.
 */
export function checkImageSize(
  file: string,
  { width, height, weight = 1 }: DeclaredSize,
  { maxPixels = MAX_PIXELS }: PixelLimit,
  least: number,
): void {
  if (!Number.isSafeInteger(maxPixels) || maxPixels < 1) {
    const expected = "maxPixels to be a positive whole number";
    throw badOption("maxPixels", maxPixels, { expected, received: String(maxPixels) });
  }
  const most = Math.floor(maxPixels / weight);
  const pixels = width * height;
  const data = { file, width, height };
  if (Math.min(width, height) < least || Math.max(width, height) > MAX_SIDE) {
    const expected = `an image with sides of ${least} to ${MAX_SIDE} pixels`;
    throw new DataError(
      "bad-size",
      { expected, but: `${file} has ${width}×${height}`, hint: "crop or resize it" },
      { data },
    );
  }
  if (pixels <= most) return;
  const needed = Math.ceil(pixels * weight);
  throw new DataError(
    "bad-size",
    {
      expected: `an image of at most ${most} pixels${weight > 1 ? ", less than maxPixels where all must be held at once," : ""}`,
      but: `${file} has ${width}×${height}`,
      hint: `resize it, or raise maxPixels (DATASET.max_pixels ${needed})`,
    },
    { data },
  );
}

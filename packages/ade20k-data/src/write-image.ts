import { extname } from "node:path";
import { writeFileAtomic } from "@seg/node";
import { encode } from "fast-png";
import sharp from "sharp";
import type { ClassMask } from "./class-mask.ts";
import { palette, type SegClass } from "./classes.ts";
import { badOption } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import { type LabelMap, labelValues } from "./label-map.ts";
import { checkImage } from "./pixels.ts";

const FORMATS = { ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp" } as const;

/**
 * Saves an image as PNG, JPEG (quality 90) or WebP, told by the path's extension, whole or not at all.
 *
 * @throws {DataError} `option` for another extension, or what is no image of RGB bytes.
 * @throws {FileError} `unwritable`.
 */
export async function writeImage(path: string, image: RgbImage): Promise<void> {
  checkImage(image);
  const { data, width, height } = image;
  const format = FORMATS[extname(path).toLowerCase() as keyof typeof FORMATS];
  if (!format) {
    throw badOption("path", path, {
      expected: `a path that ends in ${Object.keys(FORMATS).join(", ")}`,
      received: path,
    });
  }
  // In PNG, sharp takes a quality for the wish to reduce colours.
  const encoded = sharp(data, { raw: { width, height, channels: 3 } }).toFormat(
    format,
    format === "png" ? {} : { quality: 90 },
  );
  await writeFileAtomic(path, await encoded.toBuffer());
}

/**
 * Saves a label map as the data set's own label files are made, whole or not at all: an indexed PNG of 8 bits whose values are 0 for
 * unlabeled and `index + 1` for a class, and whose palette holds black and the classes' colours, so that it looks right in a viewer.
 * {@link readLabel} gives the same map back.
 *
 * @throws {DataError} `option` if a label is neither a class nor −1, or there are more than 255 classes.
 * @throws {FileError} `unwritable`.
 */
export async function writeLabelPng(path: string, map: LabelMap, classes: readonly SegClass[]): Promise<void> {
  const data = labelValues(map, classes.length);
  const colors = palette(classes);
  const indexed = Array.from({ length: colors.length / 3 }, (_, i) => Array.from(colors.subarray(i * 3, i * 3 + 3)));
  const { width, height } = map;
  await writeFileAtomic(path, encode({ data, width, height, depth: 8, channels: 1, palette: indexed }));
}

/**
 * Saves a mask as a grey PNG of 8 bits, whole or not at all.
 *
 * @throws {FileError} `unwritable`.
 */
export async function writeMaskPng(path: string, { data, width, height }: ClassMask): Promise<void> {
  await writeFileAtomic(path, encode({ data, width, height, depth: 8, channels: 1 }));
}

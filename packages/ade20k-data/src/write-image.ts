import { extname } from "node:path";
import { writeFileAtomic } from "@seg/node";
import sharp from "sharp";
import type { ClassMask } from "./class-mask.ts";
import type { SegClass } from "./classes.ts";
import { encodeLabelPng, encodeMaskPng } from "./encode-label-png.ts";
import { badOption } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import type { LabelMap } from "./label-map.ts";
import { checkImage } from "./pixels.ts";

const FORMATS = { ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp" } as const;

/**
 * Saves an image as PNG, JPEG (quality 90) or WebP, told by the path's extension, whole or not at all.
 *
 * @throws {DataError} `option` for another extension, or what is no image of RGB bytes.
 * @throws {FileError} `unwritable`.
 *
 * @example
 * ```ts
 * import { blankImage, decodeImage, writeImage } from "@seg/ade20k-data";
 *
 * await writeImage("sky.webp", blankImage(3, 2, [6, 230, 230]));
 * const { width, height } = await decodeImage("sky.webp");
 * console.log(width, height); // 3 2
 * ```
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
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, readLabel, writeLabelPng } from "@seg/ade20k-data";
 *
 * await writeLabelPng("written.png", { labels: new Int16Array([149, -1, 0, 2]), width: 2, height: 2 }, ADE20K_CLASSES);
 * console.log((await readLabel("written.png")).labels.join(" ")); // 149 -1 0 2
 * ```
 */
export async function writeLabelPng(path: string, map: LabelMap, classes: readonly SegClass[]): Promise<void> {
  await writeFileAtomic(path, encodeLabelPng(map, classes));
}

/**
 * Saves a mask as a grey PNG of 8 bits, whole or not at all.
 *
 * @throws {FileError} `unwritable`.
 *
 * @example
 * ```ts
 * import { classMask, decodeImage, writeMaskPng } from "@seg/ade20k-data";
 *
 * const mask = classMask({ labels: new Uint8Array([2, 2, 2, 0]), width: 2, height: 2 }, 2);
 * await writeMaskPng("sky.png", mask);
 * console.log((await decodeImage("sky.png")).data.slice(9).join(" ")); // 0 0 0
 * ```
 */
export async function writeMaskPng(path: string, mask: ClassMask): Promise<void> {
  await writeFileAtomic(path, encodeMaskPng(mask));
}

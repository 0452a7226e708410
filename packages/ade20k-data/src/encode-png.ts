import sharp from "sharp";
import type { RgbImage } from "./image.ts";
import { checkImage } from "./pixels.ts";

/**
 * An image as the bytes of a PNG.
 *
 * @throws {DataError} `option` for what is no image of RGB bytes.
 *
 * @example
 * ```ts
 * import { blankImage, decodeImage, encodePng } from "@seg/ade20k-data";
 *
 * const bytes = await encodePng(blankImage(3, 2));
 * console.log(Buffer.from(bytes.subarray(1, 4)).toString()); // PNG
 * const { width, height } = await decodeImage(bytes);
 * console.log(width, height); // 3 2
 * ```
 */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  checkImage(image);
  const { data, width, height } = image;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

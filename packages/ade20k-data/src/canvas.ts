import type { Color } from "./classes.ts";
import type { RgbImage } from "./image.ts";

/**
 * A new image of one colour, white unless given.
 *
 * @example
 * ```ts
 * import { blankImage } from "@seg/ade20k-data";
 *
 * const { data } = blankImage(2, 1, [6, 230, 230]);
 * console.log(data.join(" ")); // 6 230 230 6 230 230
 * ```
 */
export function blankImage(width: number, height: number, color: Color = [255, 255, 255]): RgbImage {
  const image = { data: new Uint8Array(width * height * 3).fill(color[0]), width, height };
  if (color.some((value) => value !== color[0])) fillRectangle(image, { left: 0, top: 0, width, height }, color);
  return image;
}

/** Where something lies in an image, in pixels. */
export interface Rectangle {
  left: number;
  top: number;
  width: number;
  height: number;
}

/**
 * Fills a rectangle, which lies within the image.
 *
 * @example
 * ```ts
 * import { blankImage, fillRectangle } from "@seg/ade20k-data";
 *
 * const image = blankImage(3, 1);
 * fillRectangle(image, { left: 1, top: 0, width: 1, height: 1 }, [255, 0, 0]);
 * console.log(image.data.join(" ")); // 255 255 255 255 0 0 255 255 255
 * ```
 */
export function fillRectangle(image: RgbImage, { left, top, width, height }: Rectangle, color: Color): void {
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) image.data.set(color, (y * image.width + x) * 3);
  }
}

/**
 * Copies an image into a larger one, its upper left corner at column `left`, row `top`.
 *
 * @example
 * ```ts
 * import { blankImage, paste } from "@seg/ade20k-data";
 *
 * const canvas = blankImage(3, 1);
 * paste(canvas, blankImage(2, 1, [0, 0, 0]), 1, 0);
 * console.log(canvas.data.join(" ")); // 255 255 255 0 0 0 0 0 0
 * ```
 */
export function paste(canvas: RgbImage, image: RgbImage, left: number, top: number): void {
  const row = image.width * 3;
  for (let y = 0; y < image.height; y++) {
    canvas.data.set(image.data.subarray(y * row, (y + 1) * row), ((top + y) * canvas.width + left) * 3);
  }
}

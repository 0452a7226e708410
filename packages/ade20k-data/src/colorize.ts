import { palette, type SegClass } from "./classes.ts";
import { badOption } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import { type LabelMap, labelValues } from "./label-map.ts";
import { checkImage } from "./pixels.ts";

/**
 * A label map in its classes' colours, unlabeled pixels black.
 *
 * @returns a new image.
 * @throws {DataError} `option` if the map's size is not that of its labels, or a label is neither a class nor −1.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, colorize } from "@seg/ade20k-data";
 *
 * const { data } = colorize({ labels: new Uint8Array([2]), width: 1, height: 1 }, ADE20K_CLASSES);
 * console.log(data.join(" ")); // 6 230 230
 * ```
 */
export function colorize(map: LabelMap, classes: readonly Pick<SegClass, "color">[]): RgbImage {
  const values = labelValues(map, classes.length);
  const colors = palette(classes);
  const data = new Uint8Array(values.length * 3);
  for (let i = 0, o = 0; i < values.length; i++) {
    const c = values[i]! * 3;
    data[o++] = colors[c]!;
    data[o++] = colors[c + 1]!;
    data[o++] = colors[c + 2]!;
  }
  return { data, width: map.width, height: map.height };
}

/**
 * A photo with its classes' colours laid over it; unlabeled pixels stay as they are.
 *
 * @param image - the photo; not changed.
 * @param map - labels of the same size.
 * @param alpha - weight of the colours, 0 (photo alone) to 1 (colours alone).
 * @returns a new image.
 * @throws {DataError} `option` if it is no image of RGB bytes, sizes differ, `alpha` is out of range, or a label is neither a class nor −1.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, overlay } from "@seg/ade20k-data";
 *
 * const photo = { data: new Uint8Array([0, 0, 0]), width: 1, height: 1 };
 * const { data } = overlay(photo, { labels: new Uint8Array([2]), width: 1, height: 1 }, ADE20K_CLASSES, 0.5);
 * console.log(data.join(" ")); // 3 115 115
 * ```
 */
export function overlay(
  image: RgbImage,
  map: LabelMap,
  classes: readonly Pick<SegClass, "color">[],
  alpha = 0.5,
): RgbImage {
  checkImage(image);
  const values = labelValues(map, classes.length);
  const { width, height } = image;
  if (width !== map.width || height !== map.height) {
    throw badOption("map", [map.width, map.height], {
      expected: `labels of ${width}×${height}, the image's size,`,
      received: `${map.width}×${map.height}`,
    });
  }
  if (!(alpha >= 0 && alpha <= 1))
    throw badOption("alpha", alpha, { expected: "alpha from 0 to 1", received: `${alpha}` });
  const colors = palette(classes);
  const data = new Uint8Array(image.data);
  for (let i = 0, o = 0; i < values.length; i++, o += 3) {
    const value = values[i]!;
    if (value === 0) continue;
    for (let c = 0; c < 3; c++) data[o + c] = Math.round(data[o + c]! * (1 - alpha) + colors[value * 3 + c]! * alpha);
  }
  return { data, width, height };
}

import { encode } from "fast-png";
import type { ClassMask } from "./class-mask.ts";
import { palette, type SegClass } from "./classes.ts";
import { type LabelMap, labelValues } from "./label-map.ts";

/**
 * A label map as the bytes of the PNG that `writeLabelPng` saves: indexed, 0 for unlabeled and `index + 1` for a class.
 *
 * @throws {DataError} `option` if a label is neither a class nor −1, or there are more than 255 classes.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, decodeImage, encodeLabelPng } from "@seg/ade20k-data";
 *
 * // Class 2 is the sky; its colour in the palette is what a viewer shows.
 * const png = encodeLabelPng({ labels: new Uint8Array(4).fill(2), width: 2, height: 2 }, ADE20K_CLASSES);
 * console.log((await decodeImage(png)).data.slice(0, 3).join(" ")); // 6 230 230
 * ```
 */
export function encodeLabelPng(map: LabelMap, classes: readonly Pick<SegClass, "color">[]): Uint8Array {
  const data = labelValues(map, classes.length);
  const colors = palette(classes);
  const indexed = Array.from({ length: colors.length / 3 }, (_, i) => Array.from(colors.subarray(i * 3, i * 3 + 3)));
  const { width, height } = map;
  return encode({ data, width, height, depth: 8, channels: 1, palette: indexed });
}

/**
 * A mask as the bytes of a grey PNG of 8 bits.
 *
 * @example
 * ```ts
 * import { classMask, decodeImage, encodeMaskPng } from "@seg/ade20k-data";
 *
 * const mask = classMask({ labels: new Uint8Array([2, 0, 0, 0]), width: 2, height: 2 }, 2);
 * const shown = await decodeImage(encodeMaskPng(mask));
 * console.log(shown.data.join(" ")); // 255 255 255 0 0 0 0 0 0 0 0 0
 * ```
 */
export function encodeMaskPng({ data, width, height }: ClassMask): Uint8Array {
  return encode({ data, width, height, depth: 8, channels: 1 });
}

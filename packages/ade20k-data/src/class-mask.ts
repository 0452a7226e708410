import { badOption } from "./errors.ts";
import type { LabelMap } from "./label-map.ts";

/** Where one class is: 255 for its pixels, 0 for all others, row by row. */
export interface ClassMask {
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * Where a label map shows one class.
 *
 * @param index - the class's index, from 0; −1 for unlabeled pixels.
 * @returns a new mask.
 * @throws {DataError} `option` if the map's size is not that of its labels.
 *
 * @example
 * ```ts
 * import { classMask } from "@seg/ade20k-data";
 *
 * const { data } = classMask({ labels: new Uint8Array([2, 0, 2]), width: 3, height: 1 }, 2);
 * console.log(data.join(" ")); // 255 0 255
 * ```
 */
export function classMask({ labels, width, height }: LabelMap, index: number): ClassMask {
  if (labels.length !== width * height) {
    throw badOption("labels", labels.length, {
      expected: `${width}×${height} = ${width * height} labels`,
      received: `${labels.length}`,
    });
  }
  const data = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) if (labels[i] === index) data[i] = 255;
  return { data, width, height };
}

/** Red, green and blue, 0-255 each. */
export type Color = readonly [red: number, green: number, blue: number];

/** One class of a data set. */
export interface SegClass {
  /** The network's channel, counted from 0; label files hold `index + 1`. */
  index: number;
  /** The first of `names`. */
  name: string;
  /** Every name the class goes by. */
  names: readonly string[];
  color: Color;
  /** Background stuff (sky, road) rather than a countable thing (car, person). */
  stuff?: boolean;
  /** Share of all pixels, 0-1. */
  pixelRatio?: number;
  /** Training images that show it. */
  trainImages?: number;
  /** Validation images that show it. */
  valImages?: number;
}

/**
 * The colours of label values 0, 1, 2, …: black for 0 (unlabeled), then each class's. `(classes + 1) × 3` bytes.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, palette } from "@seg/ade20k-data";
 *
 * console.log(palette(ADE20K_CLASSES).length); // 453
 * ```
 */
export function palette(classes: readonly Pick<SegClass, "color">[]): Uint8Array {
  const bytes = new Uint8Array((classes.length + 1) * 3);
  classes.forEach(({ color }, index) => {
    bytes.set(color, (index + 1) * 3);
  });
  return bytes;
}

import type { ValidationOptions } from "@seg/ade20k-data";
import type { Config } from "../config/schema.ts";

/** The original's size for single-scale testing. */
export const SINGLE_SCALE = 450;

/** How a configuration brings photos to the given short sides. */
export function scaleOptions({ DATASET, MODEL }: Config, sizes: readonly number[]): ValidationOptions {
  return {
    sizes,
    maxSize: DATASET.imgMaxSize,
    paddingConstant: DATASET.padding_constant,
    inputFormat: MODEL.inputFormat,
  };
}

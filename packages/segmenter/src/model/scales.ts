import {
  normalize,
  type RgbImage,
  resizeAntialiased,
  type ScaledInput,
  type ValidationOptions,
  validationScales,
} from "@seg/ade20k-data";
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

/** Inputs of a network. */
export interface InputOptions extends ValidationOptions {
  /** Height and width, where the network takes but one size: a photo is then brought to it, whatever its proportions. */
  inputSize?: readonly [height: number, width: number] | undefined;
}

/** A photo as a network takes it, at each scale; each is made when it is asked for. */
export function networkInputs(image: RgbImage, { inputSize, ...options }: InputOptions): Iterable<ScaledInput> {
  if (!inputSize) return validationScales(image, options);
  const [height, width] = inputSize;
  const data = normalize(resizeAntialiased(image, width, height), options.inputFormat ?? "rgb");
  return [{ data, width, height, shortSide: Math.min(height, width) }];
}

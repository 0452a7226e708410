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

/**
 * How a configuration brings photos to the given short sides.
 *
 * @example
 * ```ts
 * import { scaleOptions } from "@seg/segmenter";
 * import { resolveConfig } from "@seg/segmenter/config";
 *
 * const { config } = resolveConfig([]);
 * console.log(JSON.stringify(scaleOptions(config, [300]))); // {"sizes":[300],"maxSize":1000,"paddingConstant":8,"inputFormat":"rgb"}
 * ```
 */
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

/**
 * A photo as a network takes it, at each scale; each is made when it is asked for.
 *
 * @example
 * ```ts
 * import { blankImage } from "@seg/ade20k-data";
 * import { networkInputs } from "@seg/segmenter";
 *
 * const photo = blankImage(64, 48);
 * const sizesOf = (inputs: ReturnType<typeof networkInputs>) => Array.from(inputs, ({ width, height }) => `${width}×${height}`);
 * console.log(sizesOf(networkInputs(photo, { sizes: [24, 48] }))); // [ '32×24', '64×48' ]
 * console.log(sizesOf(networkInputs(photo, { inputSize: [40, 40] }))); // [ '40×40' ]
 * ```
 */
export function networkInputs(image: RgbImage, { inputSize, ...options }: InputOptions): Iterable<ScaledInput> {
  if (!inputSize) return validationScales(image, options);
  const [height, width] = inputSize;
  const data = normalize(resizeAntialiased(image, width, height), options.inputFormat ?? "rgb");
  return [{ data, width, height, shortSide: Math.min(height, width) }];
}

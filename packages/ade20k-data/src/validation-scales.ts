import { badOption, DataError, refuseUnknown } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import { type InputFormat, normalize } from "./normalize.ts";
import { checkImage, checkSides } from "./pixels.ts";
import { resizeAntialiased } from "./resize-antialiased.ts";

/** The size that a photo is brought to. */
export interface ScaleOptions {
  /** Length of the short side in pixels. */
  shortSide: number;
  /** The long side's limit (`DATASET.imgMaxSize`), which wins; default 1000. */
  maxSize?: number;
  /** What errors call the photo, such as its path. */
  name?: string | undefined;
  /** Both sides are rounded up to a multiple of this (`DATASET.padding_constant`); default 8. */
  paddingConstant?: number;
}

const SCALE_OPTIONS = ["shortSide", "maxSize", "paddingConstant", "name"] satisfies (keyof ScaleOptions)[];

/** The original's sizes for multi-scale testing, `DATASET.imgSizes`. */
export const VALIDATION_SIZES: readonly number[] = [300, 375, 450, 525, 600];

/**
 * The width and height that a photo gets at one scale: its own proportions, whole pixels rounded down, then each side rounded up to a
 * multiple of `paddingConstant` (so the proportions change a little, as in the original).
 *
 * @throws {DataError} `option` if an option is not a positive whole number.
 * @throws {DataError} `bad-size` if the photo is so long that nothing of its short side would be left; `option`.
 *
 * @example
 * ```ts
 * import { scaledSize } from "@seg/ade20k-data";
 *
 * console.log(scaledSize({ width: 640, height: 480 }, { shortSide: 300, maxSize: 1000 })); // { width: 400, height: 304 }
 * ```
 */
export function scaledSize(
  size: { width: number; height: number },
  options: ScaleOptions,
): { width: number; height: number } {
  refuseUnknown(options, SCALE_OPTIONS, "the options of a scale");
  const { paddingConstant = 8 } = options;
  checkWhole({ paddingConstant });
  const { width, height } = unpaddedSize(size, options);
  return { width: roundUp(width, paddingConstant), height: roundUp(height, paddingConstant) };
}

/** {@link scaledSize} before its sides are rounded up. */
export function unpaddedSize(
  { width, height }: { width: number; height: number },
  { shortSide, maxSize = 1000, name }: Pick<ScaleOptions, "shortSide" | "maxSize" | "name">,
): { width: number; height: number } {
  checkSides(width, height);
  checkWhole({ shortSide, maxSize });
  const scale = Math.min(shortSide / Math.min(height, width), maxSize / Math.max(height, width));
  const size = { width: Math.trunc(width * scale), height: Math.trunc(height * scale) };
  if (size.width === 0 || size.height === 0) {
    const [short, long] = size.width === 0 ? ["width", "height"] : ["height", "width"];
    throw new DataError(
      "bad-size",
      {
        expected: `a ${short} of at least one pixel once the ${long} is ${maxSize} (DATASET.imgMaxSize)`,
        received: `${name ?? "an image"} of ${width}×${height}, whose ${short} becomes too short`,
        hint: "crop it, leave it out or raise imgMaxSize",
      },
      { data: { width, height, ...(name && { file: name }) } },
    );
  }
  return size;
}

/** The least multiple of `step` that is not below `side`. */
export function roundUp(side: number, step: number): number {
  return Math.ceil(side / step) * step;
}

/** @throws {DataError} `option` if one of the named values is not a positive whole number. */
export function checkWhole(values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isInteger(value) || value < 1) {
      throw badOption(name, value, { expected: `${name} to be a positive whole number`, received: `${value}` });
    }
  }
}

/**
 * Resizes a photo to one scale, see {@link scaledSize}; every value is the one that the original's (Pillow's BILINEAR) has.
 *
 * @example
 * ```ts
 * import { blankImage, resizeForScale } from "@seg/ade20k-data";
 *
 * // 400×300, whose sides become multiples of 8.
 * const { width, height } = resizeForScale(blankImage(640, 480), { shortSide: 300 });
 * console.log(width, height); // 400 304
 * ```
 */
export function resizeForScale(image: RgbImage, options: ScaleOptions): RgbImage {
  checkImage(image);
  const { width, height } = scaledSize(image, options);
  return resizeAntialiased(image, width, height);
}

/** One scale of a photo, ready for the network. */
export interface ScaledInput {
  /** `height × width × 3` normalized values, row by row; owned by the receiver. */
  data: Float32Array;
  width: number;
  height: number;
  /** The entry of `sizes` it belongs to. */
  shortSide: number;
}

/** Which scales to make, and how. */
export interface ValidationOptions extends Omit<ScaleOptions, "shortSide"> {
  /** Short sides in pixels; default {@link VALIDATION_SIZES}. One entry makes single-scale testing. */
  sizes?: readonly number[];
  /** Default `rgb`. */
  inputFormat?: InputFormat;
}

const VALIDATION_OPTIONS = [
  "sizes",
  "maxSize",
  "paddingConstant",
  "inputFormat",
  "name",
] satisfies (keyof ValidationOptions)[];

/**
 * The original's validation and test transform: the photo at each short side, normalized. Each scale is made when it is asked for,
 * so only one is alive at a time unless the receiver keeps them.
 *
 * @throws as {@link scaledSize} does, when the first scale is asked for.
 *
 * @example
 * ```ts
 * import { blankImage, validationScales } from "@seg/ade20k-data";
 *
 * const scales = validationScales(blankImage(64, 48), { sizes: [24, 48] });
 * console.log([...scales].map(({ width, height }) => `${width}×${height}`)); // [ '32×24', '64×48' ]
 * ```
 */
export function* validationScales(
  image: RgbImage,
  options: ValidationOptions = {},
): Generator<ScaledInput, void, undefined> {
  refuseUnknown(options, VALIDATION_OPTIONS, "the options of validationScales");
  const { sizes = VALIDATION_SIZES, inputFormat = "rgb", ...scale } = options;
  for (const shortSide of sizes) {
    const { data, width, height } = resizeForScale(image, { ...scale, shortSide });
    yield { data: normalize({ data, width, height }, inputFormat), width, height, shortSide };
  }
}

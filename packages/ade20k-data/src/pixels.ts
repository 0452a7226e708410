import { badOption } from "./errors.ts";
import type { RgbImage } from "./image.ts";

/** Numbers in memory. */
export type PixelArray =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | number[];

/**
 * Pixels in memory, a canvas's `ImageData` among them: `height × width × channels` values from 0 to 255, row by row. With 1 channel they
 * are grey, with 2 grey and alpha, with 3 RGB, with 4 RGB and alpha; alpha is dropped, as it is of image files.
 */
export interface Pixels {
  data: PixelArray;
  width: number;
  height: number;
  /** Told by the number of values unless given. */
  channels?: number | undefined;
}

const BYTES = /^Uint8(Clamped)?Array$/;
const FLOATS = /^(Float\d+)?Array$/;
const NUMBERS = /^(Uint8Clamped|Uint8|Int8|Uint16|Int16|Uint32|Int32|Float16|Float32|Float64)?Array$/;

/** What errors say is expected. */
const FORM = "{ data, width, height } of pixels with 1 to 4 channels (grey, grey and alpha, RGB, RGBA)";

/**
 * An image of pixels in memory. Values are taken as they are, fractions rounded: what ranges from 0 to 1 is refused, because it cannot be told
 * from a dark image.
 *
 * @returns the image; RGB bytes are shared, not copied.
 * @throws {DataError} `option` for anything but pixels: another number of values, values out of range, no whole sides.
 *
 * @example
 * ```ts
 * import { rgbImage } from "@seg/ade20k-data";
 *
 * const grey = rgbImage({ data: new Uint8Array([7, 200]), width: 2, height: 1 });
 * console.log(grey.data.join(" ")); // 7 7 7 200 200 200
 * ```
 */
export function rgbImage(pixels: Pixels): RgbImage {
  const { data, width, height } = (pixels ?? {}) as Partial<Pixels>;
  const type = kindOf(data);
  if (!NUMBERS.test(type)) {
    const received = data === undefined ? kindOf(pixels) : `data of type ${type}`;
    throw badOption("photo", received, { expected: FORM, received });
  }
  checkSides(width, height);
  const values = data as Uint8Array;
  const counted = values.length / (width! * height!);
  const channels = pixels.channels ?? counted;
  if (![1, 2, 3, 4].includes(channels) || counted !== channels) {
    const said = pixels.channels === undefined ? "" : ` with ${channels} channels`;
    throw badOption("photo", values.length, {
      expected: FORM,
      received: `${values.length} values for ${width}×${height}${said}, ${+counted.toFixed(3)} a pixel`,
      hint: "give the sides that belong to the values",
    });
  }
  if (!BYTES.test(type)) checkRange(values, FLOATS.test(type));
  else if (channels === 3) {
    // The memory is shared.
    return { data: new Uint8Array(values.buffer, values.byteOffset, values.length), width: width!, height: height! };
  }
  const rgb = new Uint8Array(width! * height! * 3);
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  for (let i = 0, o = 0; o < rgb.length; i += channels, o += 3) {
    rgb[o] = Math.round(values[i]!);
    rgb[o + 1] = Math.round(values[i + green]!);
    rgb[o + 2] = Math.round(values[i + blue]!);
  }
  return { data: rgb, width: width!, height: height! };
}

/** @throws {DataError} `option` unless both sides are positive whole numbers. */
export function checkSides(width: unknown, height: unknown): void {
  if ([width, height].every((side) => Number.isInteger(side) && (side as number) > 0)) return;
  throw badOption("size", [width, height], {
    expected: "width and height as positive whole numbers",
    received: `${show(width)} and ${show(height)}`,
  });
}

/** @throws {DataError} `option` for what is no {@link RgbImage}. */
export function checkImage(image: RgbImage): void {
  const { data, width, height } = (image ?? {}) as Partial<RgbImage>;
  if (!BYTES.test(kindOf(data))) {
    const received = data === undefined ? kindOf(image) : `data of type ${kindOf(data)}`;
    const hint = "decodeImage reads files, rgbImage takes other pixels";
    throw badOption("image", received, { expected: "an image { data, width, height } of RGB bytes", received, hint });
  }
  checkSides(width, height);
  const [expected, { length }] = [width! * height! * 3, data!];
  if (length === expected) return;
  throw badOption("image", length, {
    expected: `${width}×${height}×3 = ${expected} RGB bytes`,
    received: `${length}`,
    hint: length * 3 === expected * 4 ? "rgbImage takes RGBA" : "give the sides that belong to the bytes",
  });
}

function checkRange(values: ArrayLike<number>, areFloats: boolean): void {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value > most) most = value;
    if (value >= 0 && value <= 255) continue;
    throw badOption("photo", value, {
      expected: "pixels from 0 to 255",
      received: `${value} at index ${i}`,
      hint: value > 255 && !areFloats ? "divide 16-bit values by 257" : "bring them into the range",
    });
  }
  if (areFloats && most > 0 && most <= 1) {
    throw badOption("photo", most, {
      expected: "pixels from 0 to 255",
      received: `fractions from 0 to ${+most.toFixed(4)}`,
      hint: "multiply them by 255",
    });
  }
}

const show = (value: unknown) => (typeof value === "string" ? `"${value}"` : String(value));

/** The name of a value's type; of objects that of their class, from whichever realm. */
export function kindOf(value: unknown): string {
  return value === null || typeof value !== "object"
    ? String(value === null ? null : typeof value)
    : Object.prototype.toString.call(value).slice(8, -1);
}

import { badOption } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import { checkImage } from "./pixels.ts";

/** What a network was trained on: `rgb` today's weights, `bgr-2018` those that MIT published in 2018. */
export type InputFormat = "rgb" | "bgr-2018";

/** How RGB bytes become what a network takes: (byte / divisor − mean) / std. */
export interface InputRecipe {
  /** Which RGB channel each output channel takes. */
  readonly order: readonly [number, number, number];
  readonly divisor: number;
  /** By output channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What {@link normalize} does for each format. */
export const INPUT_RECIPES: Readonly<Record<InputFormat, InputRecipe>> = {
  rgb: { order: [0, 1, 2], divisor: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  "bgr-2018": { order: [2, 1, 0], divisor: 1, mean: [102.9801, 115.9465, 122.7717], std: [1, 1, 1] },
};

/**
 * The network's input: values in `[0, 1]`, minus ImageNet's mean, over its standard deviation (`rgb`), or BGR values in
 * `[0, 255]` minus the mean alone (`bgr-2018`), each step rounded to float32 as PyTorch does.
 *
 * @returns `height × width × 3` values, row by row, owned by the caller.
 * @throws {DataError} `option` for another input format, or what is no image of RGB bytes.
 *
 * @example
 * ```ts
 * import { blankImage, normalize } from "@seg/ade20k-data";
 *
 * // White: (1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225.
 * const values = normalize(blankImage(1, 1));
 * console.log([...values].map((value) => value.toFixed(3)).join(" ")); // 2.249 2.429 2.640
 * ```
 */
export function normalize(image: RgbImage, inputFormat: InputFormat = "rgb"): Float32Array {
  checkImage(image);
  const out = new Float32Array(image.data.length);
  normalizeInto({ data: out, width: image.width }, image, inputFormat);
  return out;
}

/** {@link normalize} into the upper left corner of a target that is `width` pixels wide, the rest of which stays as it is. */
export function normalizeInto(
  target: { data: Float32Array; width: number },
  { data, width, height }: RgbImage,
  inputFormat: InputFormat = "rgb",
): void {
  const recipe = INPUT_RECIPES[inputFormat];
  if (!recipe) {
    throw badOption("inputFormat", inputFormat, {
      expected: `inputFormat ${Object.keys(INPUT_RECIPES).join(" or ")}`,
      received: `${inputFormat}`,
    });
  }
  const { order, divisor, mean, std } = recipe;
  // A channel has 256 values, so a table holds every result.
  const [first, second, third] = mean.map((m, c) =>
    Float32Array.from({ length: 256 }, (_, v) =>
      Math.fround(Math.fround(Math.fround(v / divisor) - Math.fround(m)) / Math.fround(std[c]!)),
    ),
  ) as [Float32Array, Float32Array, Float32Array];
  const [a, b, c] = order;
  const out = target.data;
  for (let y = 0, i = 0; y < height; y++) {
    for (let o = y * target.width * 3, end = o + width * 3; o < end; o += 3, i += 3) {
      out[o] = first[data[i + a]!]!;
      out[o + 1] = second[data[i + b]!]!;
      out[o + 2] = third[data[i + c]!]!;
    }
  }
}

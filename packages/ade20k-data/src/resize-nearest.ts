import { checkSides } from "./pixels.ts";

/**
 * Which input pixel each output pixel takes along one side, as in Pillow's `Image.resize(…, Image.NEAREST)`: the one under
 * the output pixel's centre, `floor((x + 0.5) · inputSize / outputSize)`.
 *
 * Downsampling by a whole factor r therefore takes pixel `r·x + floor(r / 2)`: of the pixels 0-7 that become one, pixel 4.
 *
 * @param inputSize - pixels there are, at least 1.
 * @param outputSize - pixels wanted, at least 1.
 * @throws {DataError} `option` if one is no positive whole number.
 * @returns `outputSize` positions from 0 to `inputSize − 1`, owned by the caller.
 *
 * @example
 * ```ts
 * import { nearestPositions } from "@seg/ade20k-data";
 *
 * // Centres at 0.5 · 4 and 1.5 · 4.
 * console.log(nearestPositions(8, 2).join(" ")); // 2 6
 * ```
 */
export function nearestPositions(inputSize: number, outputSize: number): Int32Array {
  checkSides(inputSize, outputSize);
  const step = inputSize / outputSize;
  const positions = new Int32Array(outputSize);
  // Pillow adds up the steps, whose rounding decides where a centre falls on the border of two pixels.
  for (let x = 0, center = step * 0.5; x < outputSize; x++, center += step) positions[x] = center;
  return positions;
}

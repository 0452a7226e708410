import type { RgbImage } from "./image.ts";
import { checkImage, checkSides } from "./pixels.ts";

// Weights are whole numbers of 2^-22 and each pass rounds to 8 bits, because Pillow does: so the results are its own, bit for bit.
const SHIFT = 22;
const HALF = 1 << (SHIFT - 1);

/**
 * Resizes with a triangle filter that widens as the image shrinks (antialiased bilinear), rows first, then columns: every value is
 * the one that Pillow's `Image.resize((width, height), Image.BILINEAR)` gives.
 *
 * @param image - any size; not changed.
 * @param width - the new width in pixels, at least 1.
 * @param height - the new height in pixels, at least 1.
 * @returns a new image, or `image` itself when it has that size already.
 * @throws {DataError} `option` for what is no image of RGB bytes, or a side that is no positive whole number.
 *
 * @example
 * ```ts
 * import { resizeAntialiased } from "@seg/ade20k-data";
 *
 * const image = { data: new Uint8Array(4 * 4 * 3).fill(90), width: 4, height: 4 };
 * console.log(resizeAntialiased(image, 2, 1).data.join(" ")); // 90 90 90 90 90 90
 * ```
 */
export function resizeAntialiased(image: RgbImage, width: number, height: number): RgbImage {
  checkImage(image);
  checkSides(width, height);
  const wide = image.width === width ? image : resizeRows(image, width);
  return wide.height === height ? wide : resizeColumns(wide, height);
}

interface Filter {
  /** The first input pixel of each output pixel. */
  start: Int32Array;
  /** How many input pixels each output pixel is made of. */
  count: Int32Array;
  /** `taps` weights for each output pixel, of which `count` are used. */
  weights: Int32Array;
  taps: number;
}

function triangleFilter(inputSize: number, outputSize: number): Filter {
  const scale = inputSize / outputSize;
  const radius = Math.max(scale, 1);
  const taps = Math.ceil(radius) * 2 + 1;
  const start = new Int32Array(outputSize);
  const count = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * taps);
  const triangle = new Float64Array(taps);
  for (let o = 0; o < outputSize; o++) {
    const center = (o + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - radius + 0.5));
    const n = Math.min(inputSize, Math.trunc(center + radius + 0.5)) - first;
    let sum = 0;
    for (let k = 0; k < n; k++) {
      triangle[k] = Math.max(0, 1 - Math.abs((first + k - center + 0.5) * (1 / radius)));
      sum += triangle[k]!;
    }
    for (let k = 0; k < n; k++) weights[o * taps + k] = Math.trunc((triangle[k]! / sum) * 2 ** SHIFT + 0.5);
    start[o] = first;
    count[o] = n;
  }
  return { start, count, weights, taps };
}

function resizeRows({ data, width, height }: RgbImage, newWidth: number): RgbImage {
  const { start, count, weights, taps } = triangleFilter(width, newWidth);
  const out = new Uint8Array(height * newWidth * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      let r = HALF;
      let g = HALF;
      let b = HALF;
      let i = (y * width + start[x]!) * 3;
      const end = x * taps + count[x]!;
      for (let k = x * taps; k < end; k++, i += 3) {
        const weight = weights[k]!;
        r += weight * data[i]!;
        g += weight * data[i + 1]!;
        b += weight * data[i + 2]!;
      }
      out[o++] = r >> SHIFT;
      out[o++] = g >> SHIFT;
      out[o++] = b >> SHIFT;
    }
  }
  return { data: out, width: newWidth, height };
}

function resizeColumns({ data, width, height }: RgbImage, newHeight: number): RgbImage {
  const { start, count, weights, taps } = triangleFilter(height, newHeight);
  const stride = width * 3;
  const out = new Uint8Array(newHeight * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < newHeight; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count[y]!; k++) {
      const weight = weights[y * taps + k]!;
      const row = (start[y]! + k) * stride;
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + weight * data[row + i]!;
    }
    const row = y * stride;
    for (let i = 0; i < stride; i++) out[row + i] = sums[i]! >> SHIFT;
  }
  return { data: out, width, height: newHeight };
}

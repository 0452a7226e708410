import type { RgbImage } from "./image.ts";

/**
 * Blurs a photo with a Gaussian of a standard deviation of `sigma` pixels, cut off at three of them, mirrored at the borders: what
 * torchvision's `gaussian_blur` gives with a kernel of `2·ceil(3·sigma) + 1` values (fewer where the photo is smaller).
 *
 * @param image - any size; not changed.
 * @param sigma - above 0.
 * @returns a new image of the same size.
 */
export function gaussianBlur({ data, width, height }: RgbImage, sigma: number): RgbImage {
  const rows = blurRows(data, width, height, sigma);
  return { data: blurColumns(rows, width, height, sigma), width, height };
}

function blurRows(data: Uint8Array, width: number, height: number, sigma: number): Float32Array {
  const { weights, positions } = filter(sigma, width);
  const out = new Float32Array(data.length);
  for (let y = 0, o = 0; y < height; y++) {
    const row = y * width * 3;
    for (let x = 0; x < width; x++) {
      for (let c = row; c < row + 3; c++) {
        let total = 0;
        for (let k = 0; k < weights.length; k++) total += weights[k]! * data[c + positions[x + k]! * 3]!;
        out[o++] = total;
      }
    }
  }
  return out;
}

function blurColumns(rows: Float32Array, width: number, height: number, sigma: number): Uint8Array {
  const { weights, positions } = filter(sigma, height);
  const stride = width * 3;
  const out = new Uint8Array(rows.length);
  const sums = new Float64Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = 0; k < weights.length; k++) {
      const row = positions[y + k]! * stride;
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + weights[k]! * rows[row + i]!;
    }
    for (let i = 0; i < stride; i++) out[y * stride + i] = Math.round(sums[i]!);
  }
  return out;
}

/** The weights of a pixel and of those around it, which sum up to 1; and which pixels those are: for pixel x, the `x + k`th ones. */
function filter(sigma: number, side: number): { weights: Float64Array; positions: Int32Array } {
  const radius = Math.min(Math.ceil(3 * sigma), side - 1);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2));
  const total = weights.reduce((a, b) => a + b, 0);
  const positions = Int32Array.from({ length: side + 2 * radius }, (_, i) => mirrored(i - radius, side));
  return { weights: weights.map((weight) => weight / total), positions };
}

/** A position beyond a border, mirrored at the pixel on the border. */
function mirrored(at: number, side: number): number {
  if (at < 0) return -at;
  return at < side ? at : 2 * (side - 1) - at;
}

import * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";
import type { Pair } from "../kernel-names.ts";
import { interpolationMatrix, type Matrix } from "../separable.ts";
import { conv2d } from "./conv2d.ts";
import { resizeBilinear } from "./resize-bilinear.ts";

/**
 * Convolution over the channels of several images, each first resized (bilinearly, half-pixel centres) to the size of the
 * first: `conv2d(concat([x0, resize(x1), …]), filter)` at stride 1, without building the concatenation.
 *
 * Resizing and convolution are both linear, so a small image is multiplied by the filter's taps at its own size, and the
 * products are interpolated to where each tap looks. For a pyramid's few cells this replaces nearly all of the multiplications.
 *
 * @param xs - `[batch, h_i, w_i, channels_i]` each, float32, all of one batch.
 * @param filter - `[kernelHeight, kernelWidth, Σ channels_i, outChannels]`, float32.
 * @param padding - Zeros on either side of the resized images. Default 0.
 * @returns `[batch, newHeight, newWidth, outChannels]` as of `conv2d`; the caller disposes it.
 * @throws {LayersError} if the filter's channels are not those of the images together.
 */
export function conv2dOverResized(xs: tf.Tensor4D[], filter: tf.Tensor4D, padding: Pair = [0, 0]): tf.Tensor4D {
  const first = xs[0]!;
  const channels = xs.reduce((sum, x) => sum + x.shape[3], 0);
  if (channels !== filter.shape[2]) {
    throw new LayersError("shape", `Expected a filter for ${channels} channels but received [${filter.shape}].`);
  }
  const size: Pair = [first.shape[1], first.shape[2]];
  return tf.tidy(() => {
    // Images that cost more interpolated than resized are convolved together.
    const dense: tf.Tensor4D[] = [];
    const denseFilters: tf.Tensor4D[] = [];
    const products: tf.Tensor4D[] = [];
    let start = 0;
    for (const x of xs) {
      const part = tf.slice(filter, [0, 0, start, 0], [-1, -1, x.shape[3], -1]);
      start += x.shape[3];
      if (x !== first && interpolationPays(x.shape, size, part.shape)) {
        products.push(multiplyThenInterpolate(x, part, size, padding));
      } else {
        dense.push(x.shape[1] === size[0] && x.shape[2] === size[1] ? x : resizeBilinear(x, size));
        denseFilters.push(part);
      }
    }
    const together = dense.length === 1 ? first : tf.concat(dense, 3);
    const togetherFilter = denseFilters.length === 1 ? denseFilters[0]! : tf.concat(denseFilters, 2);
    products.push(conv2d(together, togetherFilter, { padding }));
    return products.length === 1 ? products[0]! : tf.addN(products);
  });
}

/** Whether multiplying at the small size and interpolating needs fewer multiplications than the resized convolution. */
function interpolationPays(small: number[], [height, width]: Pair, filter: number[]): boolean {
  const [, h, w, channels] = small as [number, number, number, number];
  const [kh, kw] = filter as [number, number];
  const resized = height * width * channels * kh * kw;
  const interpolated = h * w * channels * kh * kw + height * (h * kh) * (w * kw) + height * width * (w * kw);
  return interpolated < resized;
}

function multiplyThenInterpolate(x: tf.Tensor4D, filter: tf.Tensor4D, size: Pair, padding: Pair): tf.Tensor4D {
  const [batch, h, w, channels] = x.shape;
  const [kh, kw, , out] = filter.shape;
  const [rows, columns] = [tapMatrices(h, size[0], kh, padding[0]), tapMatrices(w, size[1], kw, padding[1])];
  const newHeight = rows[0]!.rows;
  const newWidth = columns[0]!.rows;
  const pixels = x.reshape([batch * h * w, channels]);
  const byRow = filter.transpose([0, 2, 1, 3]);
  const tall = tf.addN(
    rows.map(({ values }, i) => {
      const taps = tf.slice(byRow, [i, 0, 0, 0], [1, -1, -1, -1]).reshape([channels, kw * out]);
      const product = tf.matMul(pixels, taps as tf.Tensor2D);
      return tf.matMul(tf.tensor3d(values, [1, newHeight, h]), product.reshape([batch, h, w * kw * out]));
    }),
  );
  // One matrix for all taps of a row: its columns are (pixel, tap), as they lie in memory.
  const across = new Float32Array(newWidth * w * kw);
  columns.forEach(({ values }, tap) => {
    for (let i = 0; i < newWidth * w; i++) across[i * kw + tap] = values[i]!;
  });
  return tf
    .matMul(tf.tensor3d(across, [1, newWidth, w * kw]), tall.reshape([batch * newHeight, w * kw, out]))
    .reshape([batch, newHeight, newWidth, out]);
}

/** For each tap of a window, the weights `[newSize, from]` of the small image's pixels in what that tap sees. */
function tapMatrices(from: number, to: number, kernel: number, padding: number): Matrix[] {
  const resize = interpolationMatrix(from, to);
  const newSize = to + 2 * padding - kernel + 1;
  return Array.from({ length: kernel }, (_, tap) => {
    const values = new Float32Array(newSize * from);
    for (let i = 0; i < newSize; i++) {
      const seen = i + tap - padding;
      // Beyond the border lie zeros.
      if (seen >= 0 && seen < to) values.set(resize.values.subarray(seen * from, (seen + 1) * from), i * from);
    }
    return { rows: newSize, columns: from, values };
  });
}

/**
 * Convolution of an image resized bilinearly, without resizing it: products of the small image with the filter's taps are
 * interpolated to where each tap looks. From stock kernels, on every engine.
 */
import * as tf from "@tensorflow/tfjs";
import type { InterpolatedConv2DAttrs } from "../kernel-names.ts";
import { multiplyEach, product } from "../products.ts";
import { asTensor, interpolationMatrix, type Matrix } from "../separable.ts";

/** The interpolations of one call: for each row of taps a matrix `[newHeight, h]`, and one `[newWidth, w · taps]` for its columns. */
interface Plan {
  rows: Matrix[];
  columns: Matrix;
}

function plan([, h, w]: number[], [kh, kw]: number[], { size, padding }: InterpolatedConv2DAttrs): Plan {
  const columns = tapMatrices(w!, size[1], kw!, padding[1]);
  const { rows: newWidth } = columns[0]!;
  // Its columns are (pixel, tap), as the products lie in memory.
  const values = new Float32Array(newWidth * w! * kw!);
  columns.forEach((matrix, tap) => {
    for (let i = 0; i < newWidth * w!; i++) values[i * kw! + tap] = matrix.values[i]!;
  });
  return {
    rows: tapMatrices(h!, size[0], kh!, padding[0]),
    columns: { rows: newWidth, columns: w! * kw!, values },
  };
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

/** The taps of each row as matrices `[channels, kw · out]`. */
function tapsByRow(filter: tf.Tensor4D): tf.Tensor2D[] {
  const [kh, kw, channels, out] = filter.shape;
  const byRow = tf.transpose(filter, [0, 2, 1, 3]).reshape([kh, channels, kw * out]);
  return Array.from({ length: kh }, (_, i) => tf.slice(byRow, [i, 0, 0], [1, -1, -1]).reshape([channels, kw * out]));
}

/** The convolution added onto `onto`, `[batch, newHeight, newWidth, out]`. */
export function interpolatedConv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  onto: tf.Tensor,
  attrs: InterpolatedConv2DAttrs,
): tf.Tensor {
  const [batch, h, w, channels] = x.shape;
  const [, kw, , out] = filter.shape;
  const { rows, columns } = plan(x.shape, filter.shape, attrs);
  const pixels = x.reshape([batch * h * w, channels]) as tf.Tensor2D;
  const tall = tf.addN(
    tapsByRow(filter).map((taps, i) => {
      const products = product(pixels, taps).reshape([batch, h, w * kw * out]) as tf.Tensor3D;
      return multiplyEach(asTensor(rows[i]!), products);
    }),
  );
  const newHeight = rows[0]!.rows;
  const wide = multiplyEach(asTensor(columns), tall.reshape([batch * newHeight, w * kw, out]));
  return wide.reshape([batch, newHeight, columns.rows, out]).add(onto);
}

/** The gradients of x and of the filter. */
export function interpolatedConv2dGrad(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attrs: InterpolatedConv2DAttrs,
): tf.Tensor[] {
  const [batch, h, w, channels] = x.shape;
  const [kh, kw, , out] = filter.shape;
  const { rows, columns } = plan(x.shape, filter.shape, attrs);
  const [, newHeight, newWidth] = dy.shape;
  const dTall = multiplyEach(asTensor(columns), dy.reshape([batch * newHeight, newWidth, out]), true);
  const byImage = dTall.reshape([batch, newHeight, w * kw * out]) as tf.Tensor3D;
  const pixels = x.reshape([batch * h * w, channels]) as tf.Tensor2D;
  const parts = tapsByRow(filter).map((taps, i) => {
    const dProducts = multiplyEach(asTensor(rows[i]!), byImage, true).reshape([batch * h * w, kw * out]) as tf.Tensor2D;
    return { dPixels: product(dProducts, taps, false, true), dTaps: product(pixels, dProducts, true) };
  });
  const dFilter = tf.stack(parts.map(({ dTaps }) => dTaps)).reshape([kh, channels, kw, out]);
  return [tf.addN(parts.map(({ dPixels }) => dPixels)).reshape(x.shape), tf.transpose(dFilter, [0, 2, 1, 3])];
}

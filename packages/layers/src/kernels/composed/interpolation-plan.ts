import * as tf from "@tensorflow/tfjs";
import { interpolationMatrix, type Matrix } from "../../separable.ts";
import type { InterpolatedConv2DAttrs } from "../names.ts";

/** The interpolations of one call: for each row of taps a matrix `[newHeight, h]`, and one `[newWidth, w · taps]` for its columns. */
interface Plan {
  rows: Matrix[];
  columns: Matrix;
}

export function interpolationPlan(
  [, h, w]: number[],
  [kh, kw]: number[],
  { size, padding }: InterpolatedConv2DAttrs,
): Plan {
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
export function tapsByRow(filter: tf.Tensor4D): tf.Tensor2D[] {
  const [kh, kw, channels, out] = filter.shape;
  const byRow = tf.transpose(filter, [0, 2, 1, 3]).reshape([kh, channels, kw * out]);
  return Array.from({ length: kh }, (_, i) => tf.slice(byRow, [i, 0, 0], [1, -1, -1]).reshape([channels, kw * out]));
}

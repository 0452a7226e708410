import * as tf from "@tensorflow/tfjs";
import { multiplyEach } from "./products.ts";

/** A dense matrix made from shapes alone, `[rows, columns]` in row order. */
export interface Matrix {
  rows: number;
  columns: number;
  values: Float32Array;
}

function matrix(
  rows: number,
  columns: number,
  fill: (add: (row: number, column: number, value: number) => void) => void,
) {
  const values = new Float32Array(rows * columns);
  fill((row, column, value) => {
    values[row * columns + column]! += value;
  });
  return { rows, columns, values };
}

/**
 * Bilinear interpolation along one axis with half-pixel centres (`align_corners = false`): `[to, from]`; row i holds the
 * weights of the `from` pixels in new pixel i.
 */
export function interpolationMatrix(from: number, to: number): Matrix {
  return matrix(to, from, (add) => {
    for (let i = 0; i < to; i++) {
      const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
      const low = Math.min(Math.floor(at), from - 1);
      const high = Math.min(low + 1, from - 1);
      add(i, low, 1 - (at - low));
      add(i, high, at - low);
    }
  });
}

/** Adaptive average pooling along one axis, `[bins, from]`: bin i averages pixels floor(i·from/bins) to ceil((i+1)·from/bins). */
export function averagingMatrix(from: number, bins: number): Matrix {
  return matrix(bins, from, (add) => {
    for (let i = 0; i < bins; i++) {
      const start = Math.floor((i * from) / bins);
      const end = Math.ceil(((i + 1) * from) / bins);
      for (let j = start; j < end; j++) add(i, j, 1 / (end - start));
    }
  });
}

/**
 * Multiplies the rows of each image by one matrix and its columns by another: a separable linear map such as resizing or
 * pooling, or with `transpose` its gradient.
 *
 * @param x - `[batch, height, width, channels]`.
 * @returns `[batch, newHeight, newWidth, channels]`; the caller disposes it.
 */
export function mapRowsAndColumns(x: tf.Tensor4D, rows: Matrix, columns: Matrix, transpose = false): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, height, width, channels] = x.shape;
    const newHeight = transpose ? rows.columns : rows.rows;
    const newWidth = transpose ? columns.columns : columns.rows;
    const tall = multiplyEach(asTensor(rows), x.reshape([batch, height, width * channels]), transpose);
    const wide = multiplyEach(asTensor(columns), tall.reshape([batch * newHeight, width, channels]), transpose);
    return wide.reshape([batch, newHeight, newWidth, channels]);
  });
}

/** A matrix on the current engine; the caller disposes it. */
export const asTensor = ({ rows, columns, values }: Matrix): tf.Tensor2D => tf.tensor2d(values, [rows, columns]);

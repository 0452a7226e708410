/** Rearrangements of pixels from stock operations, for the kernels of any engine. */
import * as tf from "@tensorflow/tfjs";
import type { Pair } from "./names.ts";

/** Adds zeros (or, where negative, takes rows away) at the start and end of axis 1 and of axis 2. */
export function padOrCrop(x: tf.Tensor4D, rows: Pair, columns: Pair): tf.Tensor4D {
  const grow = (n: number) => Math.max(n, 0);
  const shrink = (n: number) => Math.max(-n, 0);
  const [batch, height, width, channels] = x.shape;
  const crops = [...rows, ...columns].some((n) => n < 0);
  const cropped = crops
    ? tf.slice(
        x,
        [0, shrink(rows[0]), shrink(columns[0]), 0],
        [batch, height - shrink(rows[0]) - shrink(rows[1]), width - shrink(columns[0]) - shrink(columns[1]), channels],
      )
    : x;
  if ([...rows, ...columns].every((n) => n <= 0)) return cropped;
  return tf.pad(cropped, [
    [0, 0],
    [grow(rows[0]), grow(rows[1])],
    [grow(columns[0]), grow(columns[1])],
    [0, 0],
  ]);
}

/** Puts `strides − 1` zeros behind each pixel. */
export function spread(x: tf.Tensor4D, [sh, sw]: Pair): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const behind = (pixels: tf.Tensor4D, stride: number) =>
    tf.pad(pixels, [
      [0, 0],
      [0, 0],
      [0, stride - 1],
      [0, 0],
    ]);
  const wide = sw === 1 ? x : behind(x.reshape([n * h, w, 1, c]), sw);
  const tall = sh === 1 ? wide : behind(wide.reshape([n, h, 1, w * sw * c]), sh);
  return tall.reshape([n, h * sh, w * sw, c]);
}

/** The filter that carries an output's gradient back: its taps reversed, its channels exchanged within each group. */
export function flipped(filter: tf.Tensor4D, groups: number): tf.Tensor4D {
  const [kh, kw, inPerGroup, out] = filter.shape;
  // Flipping both axes is reversing the taps, which is quicker in one axis.
  return tf
    .reverse(filter.reshape([kh * kw, inPerGroup * out]), 0)
    .reshape([kh * kw, inPerGroup, groups, out / groups])
    .transpose([0, 3, 2, 1])
    .reshape([kh, kw, out / groups, groups * inPerGroup]) as tf.Tensor4D;
}

/** The margins of the stride-1 convolution of dy, its pixels spread by the stride, that gives the input's gradient. */
export function backwardMargins(
  kernel: Pair,
  padding: Pair,
  dilations: Pair,
  inputShape: number[],
  spreadShape: number[],
): [rows: Pair, columns: Pair] {
  const margin = (i: 0 | 1): Pair => [
    dilations[i] * (kernel[i] - 1) - padding[i],
    inputShape[i + 1]! + padding[i] - spreadShape[i + 1]!,
  ];
  return [margin(0), margin(1)];
}

import * as tf from "@tensorflow/tfjs";
import type { Pair } from "../names.ts";
import { execute, INT, type NativeBackend } from "./native.ts";

/** Zeros added before and behind, for rows and for columns. */
type Margins = [rows: Pair, columns: Pair];

/**
 * The interleaved sub-images of each image: every `dilations`-th pixel from each start, as images of their own. What a dilated
 * convolution sees at stride 1 is what an undilated one sees in them.
 *
 * @returns `[dilations² · batch, height', width', channels]`.
 */
export function toSubImages(backend: NativeBackend, x: tf.Tensor4D, dilations: Pair, margins: Margins): tf.Tensor4D {
  const attrs = { Tblock_shape: INT, Tpaddings: INT };
  return execute(backend, "SpaceToBatchND", attrs, [
    x,
    tf.tensor1d(dilations, "int32"),
    tf.tensor2d(margins, [2, 2], "int32"),
  ]);
}

/** The images that sub-images were taken from, with `margins` cut off. */
export function fromSubImages(backend: NativeBackend, x: tf.Tensor4D, dilations: Pair, margins: Margins): tf.Tensor4D {
  const attrs = { Tblock_shape: INT, Tcrops: INT };
  return execute(backend, "BatchToSpaceND", attrs, [
    x,
    tf.tensor1d(dilations, "int32"),
    tf.tensor2d(margins, [2, 2], "int32"),
  ]);
}

/** The zeros that make images of this size, `padding` wide on either side, divisible into sub-images. */
export function subImageMargins(shape: number[], padding: Pair, dilations: Pair): Margins {
  const margin = (i: 0 | 1): Pair => {
    const size = shape[i + 1]! + 2 * padding[i];
    return [padding[i], padding[i] + Math.ceil(size / dilations[i]) * dilations[i] - size];
  };
  return [margin(0), margin(1)];
}

/** What of an image's margins its convolution's output has too: the zeros that fill up the last sub-images. */
export const outputMargins = ([rows, columns]: Margins, padding: Pair): Margins => [
  [0, rows[1] - padding[0]],
  [0, columns[1] - padding[1]],
];

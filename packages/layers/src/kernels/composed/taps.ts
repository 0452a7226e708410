import * as tf from "@tensorflow/tfjs";
import type { Pair } from "../names.ts";

/** One position of a window. */
interface Tap {
  row: number;
  column: number;
}

/** All positions of a window, in row order. */
export function tapsOf([kh, kw]: Pair): Tap[] {
  return Array.from({ length: kh * kw }, (_, i) => ({ row: Math.floor(i / kw), column: i % kw }));
}

/** The pixels that one tap of a window sees: [batch, outputHeight, outputWidth, channels] of the padded input. */
export function tapView(padded: tf.Tensor4D, offset: Pair, strides: Pair, outputShape: number[]): tf.Tensor4D {
  const [n, , , c] = padded.shape;
  const [, oh, ow] = outputShape as [number, number, number];
  const size = [(oh - 1) * strides[0] + 1, (ow - 1) * strides[1] + 1] as const;
  const dense = tf.slice(padded, [0, offset[0], offset[1], 0], [n, size[0], size[1], c]);
  if (strides[0] === 1 && strides[1] === 1) return dense;
  return tf.stridedSlice(dense, [0, 0, 0, 0], dense.shape, [1, strides[0], strides[1], 1]) as tf.Tensor4D;
}

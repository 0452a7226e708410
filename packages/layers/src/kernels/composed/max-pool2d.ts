import * as tf from "@tensorflow/tfjs";
import { MaxPool2D, type Pair, type Pool2DAttrs } from "../names.ts";
import { composedKernel } from "./kernel.ts";

/** Far below any value that a network produces, and finite, so that products with zero stay zero. */
const LOWEST = -3e38;

/** The image with a border that never wins. */
export function padForMax(x: tf.Tensor4D, [h, w]: Pair): tf.Tensor4D {
  if (h === 0 && w === 0) return x;
  return tf.pad(
    x,
    [
      [0, 0],
      [h, h],
      [w, w],
      [0, 0],
    ],
    LOWEST,
  );
}

export const maxPool2dConfig = composedKernel(MaxPool2D, ({ x }, attrs) => {
  const { kernelSize, strides, padding } = attrs as Pool2DAttrs;
  return tf.maxPool(padForMax(x!, padding), kernelSize, strides, "valid");
});

import type * as tf from "@tensorflow/tfjs";
import { type Conv2DAttrs, Conv2DBackpropInput } from "../names.ts";
import { backwardMargins, flipped, padOrCrop, spread } from "../rearrange.ts";
import { conv2d } from "./conv2d.ts";
import { composedKernel } from "./kernel.ts";

/**
 * The input's gradient as a stride-1 convolution of dy, its pixels spread by the stride, with the filter flipped and its
 * channels exchanged.
 */
function conv2dBackpropInput(dy: tf.Tensor4D, filter: tf.Tensor4D, attrs: Conv2DAttrs, inputShape: number[]) {
  const { strides, padding, dilations, groups } = attrs;
  const [kh, kw] = filter.shape;
  const pixels = spread(dy, strides);
  const [rows, columns] = backwardMargins([kh, kw], padding, dilations, inputShape, pixels.shape);
  const back = flipped(filter, groups);
  return conv2d(padOrCrop(pixels, rows, columns), back, { strides: [1, 1], padding: [0, 0], dilations, groups });
}

export const conv2dBackpropInputConfig = composedKernel(Conv2DBackpropInput, ({ dy, filter }, attrs) =>
  conv2dBackpropInput(dy!, filter!, attrs as Conv2DAttrs, attrs.inputShape as number[]),
);

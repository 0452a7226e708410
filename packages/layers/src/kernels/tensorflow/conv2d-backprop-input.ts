import * as tf from "@tensorflow/tfjs";
import { type Conv2DAttrs, Conv2DBackpropInput } from "../names.ts";
import { backwardMargins, flipped, padOrCrop, spread } from "../rearrange.ts";
import { conv2d } from "./conv2d.ts";
import { execute, type NativeBackend, nativeKernel, shapeTensor } from "./native.ts";
import { perGroup } from "./per-group.ts";
import { type ConvOp, isAble } from "./trial.ts";
import { convWindow, depthwiseFilter, isDepthwise, isStrided, kernelOf, paddedShape, simplified } from "./window.ts";

/** The gradient of a convolution's input, of shape `inputShape`. */
function conv2dBackpropInput(
  backend: NativeBackend,
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  options: Conv2DAttrs,
  inputShape: number[],
): tf.Tensor4D {
  if (dy.size === 0) return tf.zeros(inputShape as [number, number, number, number]);
  const attrs = simplified(options, kernelOf(filter.shape));
  return (isOwnBetter(backend, filter.shape, attrs) ? own : otherwise)(backend, dy, filter, attrs, inputShape);
}

function isOwnBetter(backend: NativeBackend, filterShape: number[], attrs: Conv2DAttrs): boolean {
  const isAbleTo = (attrs: Conv2DAttrs) =>
    isAble(backend, "Conv2DBackpropInput", filterShape, attrs, own, otherwise, (x, filter, y) => [y, filter, x.shape]);
  if (isStrided(attrs)) return isAbleTo(attrs);
  // At stride 1 the forward op does the same work, faster than the depthwise backward op, and faster than any where oneDNN is off.
  if (isDepthwise(filterShape, attrs.groups)) return false;
  return isAbleTo({ ...attrs, dilations: [2, 2] });
}

const own: ConvOp = (backend, dy, filter, attrs, inputShape) => {
  const { attrs: window, margin } = convWindow(kernelOf(filter.shape), attrs);
  const shape = shapeTensor(paddedShape(inputShape, margin));
  const dx = isDepthwise(filter.shape, attrs.groups)
    ? execute(backend, "DepthwiseConv2dNativeBackpropInput", window, [shape, depthwiseFilter(filter), dy])
    : execute(backend, "Conv2DBackpropInput", window, [shape, filter, dy]);
  return padOrCrop(dx, [-margin[0], -margin[0]], [-margin[1], -margin[1]]);
};

/** As a stride-1 convolution of dy, its pixels spread by the stride, with the flipped filter. */
const otherwise: ConvOp = (backend, dy, filter, attrs, inputShape) => {
  const { strides, padding, dilations, groups } = attrs;
  if (groups > 1 && !isDepthwise(filter.shape, groups)) {
    const inputOfGroup = [...inputShape.slice(0, 3), inputShape[3]! / groups];
    return perGroup(
      (dy, filter, attrs) => conv2dBackpropInput(backend, dy, filter, attrs, inputOfGroup),
      dy,
      filter,
      attrs,
    );
  }
  const pixels = spread(dy, strides);
  const [rows, columns] = backwardMargins(kernelOf(filter.shape), padding, dilations, inputShape, pixels.shape);
  const back = flipped(filter, groups);
  const symmetric = rows[0] === rows[1] && columns[0] === columns[1] && rows[0] >= 0 && columns[0] >= 0;
  // The convolution pads by itself where both sides are alike.
  if (symmetric) return conv2d(backend, pixels, back, { ...attrs, strides: [1, 1], padding: [rows[0], columns[0]] });
  return conv2d(backend, padOrCrop(pixels, rows, columns), back, { ...attrs, strides: [1, 1], padding: [0, 0] });
};

export const conv2dBackpropInputConfig = nativeKernel(Conv2DBackpropInput, (backend, { dy, filter }, attrs) =>
  conv2dBackpropInput(backend, dy!, filter!, attrs as Conv2DAttrs, attrs.inputShape as number[]),
);

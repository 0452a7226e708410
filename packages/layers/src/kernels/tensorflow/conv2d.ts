import * as tf from "@tensorflow/tfjs";
import { Conv2D, type Conv2DAttrs } from "../names.ts";
import { execute, type NativeBackend, nativeKernel } from "./native.ts";
import { perGroup } from "./per-group.ts";
import { fromSubImages, outputMargins, subImageMargins, toSubImages } from "./sub-images.ts";
import { type ConvOp, isAble } from "./trial.ts";
import {
  convShape,
  convWindow,
  depthwiseFilter,
  isDepthwise,
  isPointwise,
  isStrided,
  kernelOf,
  padded,
  simplified,
} from "./window.ts";

/** The convolution of `x`, any strides, padding, dilations and groups. */
export function conv2d(backend: NativeBackend, x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2DAttrs): tf.Tensor4D {
  const attrs = simplified(options, kernelOf(filter.shape));
  const shape = convShape(x.shape, filter.shape, attrs);
  // TensorFlow's ops leave what they give for no images undefined.
  if (x.size === 0) return tf.zeros(shape);
  // On the CPU, Conv2D's 1×1 sums depend on the number of threads; oneDNN's matrix product, as fast, gives the same bits on any.
  if (isPointwise(filter.shape, attrs) && !backend.isUsingGpuDevice) {
    // As one tall image: over several that are one pixel high, oneDNN's product writes beyond its memory.
    const rows = x.reshape([1, x.shape[0] * x.shape[1], x.shape[2], x.shape[3]]);
    return execute(backend, "BatchMatMulV2", { adj_x: false, adj_y: false }, [rows, filter]).reshape(shape);
  }
  const able = isAble(backend, "Conv2D", filter.shape, attrs, own, otherwise, (x, filter) => [x, filter, []]);
  return (able ? own : otherwise)(backend, x, filter, attrs, []);
}

const own: ConvOp = (backend, x, filter, attrs) => {
  const { attrs: window, margin } = convWindow(kernelOf(filter.shape), attrs);
  const image = padded(x, margin);
  return isDepthwise(filter.shape, attrs.groups)
    ? execute(backend, "DepthwiseConv2dNative", window, [image, depthwiseFilter(filter)])
    : execute(backend, "Conv2D", window, [image, filter]);
};

const otherwise: ConvOp = (backend, x, filter, attrs) => {
  if (attrs.groups > 1 && !isDepthwise(filter.shape, attrs.groups)) {
    return perGroup((x, filter, attrs) => conv2d(backend, x, filter, attrs), x, filter, attrs);
  }
  if (isStrided(attrs)) {
    const every = conv2d(backend, x, filter, { ...attrs, strides: [1, 1] });
    return tf.stridedSlice(every, [0, 0, 0, 0], every.shape, [1, ...attrs.strides, 1]) as tf.Tensor4D;
  }
  const { padding, dilations } = attrs;
  const margins = subImageMargins(x.shape, padding, dilations);
  const images = toSubImages(backend, x, dilations, margins);
  const y = conv2d(backend, images, filter, { ...attrs, padding: [0, 0], dilations: [1, 1] });
  return fromSubImages(backend, y, dilations, outputMargins(margins, padding));
};

export const conv2dConfig = nativeKernel(Conv2D, (backend, { x, filter }, attrs) =>
  conv2d(backend, x!, filter!, attrs as Conv2DAttrs),
);

import * as tf from "@tensorflow/tfjs";
import { type Conv2DAttrs, Conv2DBackpropFilter } from "../names.ts";
import { padOrCrop, spread } from "../rearrange.ts";
import { execute, type NativeBackend, nativeKernel, shapeTensor } from "./native.ts";
import { perGroup } from "./per-group.ts";
import { outputMargins, subImageMargins, toSubImages } from "./sub-images.ts";
import { type ConvOp, isAble } from "./trial.ts";
import { convShape, convWindow, isDepthwise, isDilated, isStrided, kernelOf, padded, simplified } from "./window.ts";

/**
 * Products a tap from which one matrix product for each tap is the faster way. oneDNN's op loses 2 to 4 times on large maps where there
 * is no AVX-512, a little where there is, and wins on small ones.
 */
const LARGE = 5e8;

/** The gradient of a convolution's filter, of shape `filterShape`. */
function conv2dBackpropFilter(
  backend: NativeBackend,
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  options: Conv2DAttrs,
  filterShape: number[],
): tf.Tensor4D {
  if (dy.size === 0) return tf.zeros(filterShape as [number, number, number, number]);
  const attrs = simplified(options, kernelOf(filterShape));
  if (isOneTap(filterShape) && attrs.groups === 1 && !backend.isUsingGpuDevice) {
    return overTaps(backend, seenByOneTap(x, attrs), dy, UNIT, filterShape);
  }
  const better = isOwnBetter(backend, dy.shape, attrs, filterShape);
  return (better ? own : otherwise)(backend, x, dy, attrs, filterShape);
}

const isOneTap = ([height, width]: number[]) => height === 1 && width === 1;

const UNIT: Conv2DAttrs = { strides: [1, 1], padding: [0, 0], dilations: [1, 1], groups: 1 };

/** The pixels that a 1×1 filter looks at. One product with them is quicker than oneDNN's op, which at a stride writes beyond its memory. */
function seenByOneTap(x: tf.Tensor4D, { strides, padding }: Conv2DAttrs): tf.Tensor4D {
  const image = padded(x, padding);
  if (strides[0] === 1 && strides[1] === 1) return image;
  return tf.stridedSlice(image, [0, 0, 0, 0], image.shape, [1, ...strides, 1]) as tf.Tensor4D;
}

function isOwnBetter(backend: NativeBackend, dyShape: number[], attrs: Conv2DAttrs, filterShape: number[]): boolean {
  if (isDepthwise(filterShape, attrs.groups) && isDilated(attrs)) return false;
  const [n, height, width] = dyShape as [number, number, number];
  const products = n * height * width * filterShape[2]! * filterShape[3]!;
  if (attrs.groups === 1 && !isStrided(attrs) && products >= LARGE && !backend.isUsingGpuDevice) return false;
  return isAble(backend, "Conv2DBackpropFilter", filterShape, attrs, own, otherwise, (x, filter, y) => [
    x,
    y,
    filter.shape,
  ]);
}

const own: ConvOp = (backend, x, dy, attrs, filterShape) => {
  const { attrs: window, margin } = convWindow(kernelOf(filterShape), attrs);
  const image = padded(x, margin);
  if (!isDepthwise(filterShape, attrs.groups)) {
    return execute(backend, "Conv2DBackpropFilter", window, [image, shapeTensor(filterShape), dy]);
  }
  const [kh, kw, , channels] = filterShape as [number, number, number, number];
  const shape = shapeTensor([kh, kw, channels, 1]);
  return execute(backend, "DepthwiseConv2dNativeBackpropFilter", window, [image, shape, dy]).reshape(
    filterShape,
  ) as tf.Tensor4D;
};

const otherwise: ConvOp = (backend, x, dy, attrs, filterShape) => {
  const { strides, groups } = attrs;
  const depthwise = isDepthwise(filterShape, groups);
  if (groups > 1 && !depthwise) {
    const filterOfGroup = [...filterShape.slice(0, 3), filterShape[3]! / groups];
    return perGroup((x, dy, attrs) => conv2dBackpropFilter(backend, x, dy, attrs, filterOfGroup), x, dy, attrs);
  }
  if (isStrided(attrs)) {
    // A stride-1 convolution has more outputs; no gradient comes to those.
    const unstrided: Conv2DAttrs = { ...attrs, strides: [1, 1] };
    const [, height, width] = convShape(x.shape, filterShape, unstrided);
    const pixels = spread(dy, strides);
    const dense = padOrCrop(pixels, [0, height - pixels.shape[1]], [0, width - pixels.shape[2]]);
    return conv2dBackpropFilter(backend, x, dense, unstrided, filterShape);
  }
  return (depthwise ? overSubImages : overTaps)(backend, x, dy, attrs, filterShape);
};

/** The undilated op over the sub-images of both. */
const overSubImages: ConvOp = (backend, x, dy, attrs, filterShape) => {
  const { padding, dilations } = attrs;
  const margins = subImageMargins(x.shape, padding, dilations);
  const images = toSubImages(backend, x, dilations, margins);
  const gradients = toSubImages(backend, dy, dilations, outputMargins(margins, padding));
  return own(backend, images, gradients, { ...attrs, padding: [0, 0], dilations: [1, 1] }, filterShape);
};

/**
 * One matrix product for each tap: what it sees, times dy. Both lie in memory as rows of pixels with zeros behind each row and image, the
 * same for all taps, so that what a tap sees is one piece of the padded image and no copy.
 */
const overTaps: ConvOp = (backend, x, dy, { padding, dilations }, filterShape) => {
  const [kh, kw, channels, out] = filterShape as [number, number, number, number];
  const [n, height, width] = x.shape;
  const [, newHeight, newWidth] = dy.shape;
  const rows = Math.max(height + padding[0], newHeight + dilations[0] * (kh - 1) - padding[0]);
  const columns = Math.max(width + padding[1], newWidth + dilations[1] * (kw - 1) - padding[1]);
  const pixels = n * rows * columns;
  const before = padding[0] * columns + padding[1];
  const last = dilations[0] * (kh - 1) * columns + dilations[1] * (kw - 1);
  const spaced = padOrCrop(x, [0, rows - height], [0, columns - width]).reshape([pixels, channels]) as tf.Tensor2D;
  const image =
    last === 0 && before === 0
      ? spaced
      : tf.pad(spaced, [
          [before, Math.max(0, last - before)],
          [0, 0],
        ]);
  const gradient = padOrCrop(dy, [0, rows - newHeight], [0, columns - newWidth]).reshape([pixels, out]);
  const taps = Array.from({ length: kh * kw }, (_, tap) => {
    const offset = dilations[0] * Math.floor(tap / kw) * columns + dilations[1] * (tap % kw);
    const seen = tf.slice(image, [offset, 0], [pixels, channels]);
    const product = execute(backend, "MatMul", { transpose_a: true, transpose_b: false }, [seen, gradient]);
    seen.dispose();
    return product;
  });
  return tf.stack(taps).reshape(filterShape);
};

export const conv2dBackpropFilterConfig = nativeKernel(Conv2DBackpropFilter, (backend, { x, dy }, attrs) =>
  conv2dBackpropFilter(backend, x!, dy!, attrs as Conv2DAttrs, attrs.filterShape as number[]),
);

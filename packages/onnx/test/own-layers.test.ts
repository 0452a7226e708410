import {
  activation,
  adaptiveAvgPool2d,
  channelDropout,
  conv2d,
  conv2dOverResized,
  maxPool2d,
  resizeLike,
  selectInput,
} from "@seg/layers";
import { batchNormalization } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";
import { apply, type Body, chain, describeBodies, rescaling, type X } from "./bodies.ts";

const conv = (filters: number, more: Partial<Parameters<typeof conv2d>[0]> = {}) =>
  conv2d({ filters, kernelSize: 3, padding: 1, ...more });

/** A smaller image of the image. */
const small = (x: X, filters: number, strides: number | [number, number] = [2, 3]) =>
  apply(conv(filters, { strides }), x);

/** A convolution of the image and of smaller ones, the way that the layers say it. */
const overResized =
  (...sizes: [filters: number, strides: [number, number]][]) =>
  (args: Parameters<typeof conv2dOverResized>[0], ...after: (() => tf.layers.Layer)[]): Body =>
  (x) => {
    const y = apply(conv2dOverResized(args), [x, ...sizes.map(([filters, strides]) => small(x, filters, strides))]);
    return after.reduce((z, layer) => apply(layer(), z), y);
  };

/** The same the long way: resized, concatenated, convolved. */
const resizedAndConcatenated =
  (args: Parameters<typeof conv2d>[0], ...after: (() => tf.layers.Layer)[]): Body =>
  (x) => {
    const others = [small(x, 3), small(x, 2, [3, 4])].map((y) => apply(resizeLike(), [y, x]));
    const y = apply(conv2d(args), apply(tf.layers.concatenate(), [x, ...others]));
    return after.reduce((z, layer) => apply(layer(), z), y);
  };

const norm = (more: Parameters<typeof batchNormalization>[0] = {}) => batchNormalization(more);

describeBodies("an ONNX file of this project's layers gives what the model gives:", {
  conv2d: {
    groups: chain(() => conv(10, { groups: 5 })),
    dilation: chain(() => conv(4, { dilations: 2, padding: 2 })),
    "unequal strides, padding and dilations": chain(() =>
      conv(4, { kernelSize: [3, 2], strides: [1, 3], padding: [2, 1], dilations: [3, 1] }),
    ),
    "strides and dilation at once": chain(() => conv(4, { strides: 2, dilations: 2, padding: 1 })),
    "no bias": chain(() => conv(4, { useBias: false })),
  },
  conv2dOverResized: {
    "one small image": overResized([3, [2, 3]])({ filters: 4, kernelSize: 3, padding: 1 }),
    "two, without padding": overResized([3, [2, 3]], [2, [7, 4]])({ filters: 4, kernelSize: 3 }),
    "windows and padding that are not square": overResized(
      [3, [2, 3]],
      [2, [3, 1]],
    )({
      filters: 4,
      kernelSize: [2, 3],
      padding: [0, 2],
    }),
    "a window of one pixel": overResized([3, [2, 3]])({ filters: 4, kernelSize: 1, useBias: false }),
    "a batch norm after it": overResized([3, [2, 3]], [2, [3, 4]])(
      { filters: 4, kernelSize: 3, padding: 1, useBias: false },
      () => norm({ activation: "relu" }),
    ),
    "an image that is made smaller": (x) =>
      apply(conv2dOverResized({ filters: 4, kernelSize: 3, padding: 1 }), [small(x, 3), x]),
    "images that were resized and concatenated": resizedAndConcatenated(
      { filters: 4, kernelSize: 3, padding: 1, useBias: false },
      () => norm(),
    ),
    "images that were resized and concatenated, with strides, which is not the same": resizedAndConcatenated({
      filters: 4,
      kernelSize: 3,
      padding: 1,
      strides: 2,
    }),
  },
  resizeLike: {
    up: (x) => apply(resizeLike(), [small(x, 3), x]),
    down: (x) => apply(resizeLike(), [x, small(x, 3)]),
    "down along one axis, up along the other": (x) => apply(resizeLike(), [small(x, 3, [1, 4]), small(x, 2, [3, 1])]),
    "to and from one pixel": (x) => {
      const pixel = apply(adaptiveAvgPool2d({ bins: 1 }), x);
      return [apply(resizeLike(), [x, pixel]), apply(resizeLike(), [pixel, x])];
    },
    "before a convolution of one pixel": (x) =>
      apply(norm(), apply(conv(4, { kernelSize: 1, padding: 0 }), apply(resizeLike(), [small(x, 3), x]))),
    "before a convolution of one pixel, also wanted itself": (x) => {
      const resized = apply(resizeLike(), [small(x, 3), x]);
      return [apply(conv(4, { kernelSize: 1, padding: 0 }), resized), resized];
    },
  },
  adaptiveAvgPool2d: Object.fromEntries(
    [1, 2, 3, 5, 6, [3, 8], [13, 1], [1, 4]].map((bins) => [
      `${bins} cells`,
      chain(() => adaptiveAvgPool2d({ bins: bins as number })),
    ]),
  ),
  maxPool2d: {
    padding: chain(() => maxPool2d({ kernelSize: 3, strides: 2, padding: 1 })),
    "padding of negative values": chain(
      () => rescaling(1, -3),
      () => maxPool2d({ kernelSize: [3, 2], strides: [2, 1], padding: [1, 0] }),
    ),
    "no padding": chain(() => maxPool2d({ kernelSize: 2 })),
  },
  batchNormalization: {
    alone: chain(() => norm()),
    "an activation": chain(() => norm({ activation: "relu6" })),
    "without scale": chain(
      () => conv(4),
      () => norm({ scale: false }),
    ),
    "without center": chain(() => norm({ center: false, epsilon: 0.1 })),
    "a residual": (x) => apply(norm({ activation: "relu" }), [apply(conv(5), x), x]),
    "a residual that is the convolution itself": (x) => {
      const y = apply(conv(5), x);
      return apply(norm(), [y, y]);
    },
    "of a vector": chain(
      () => tf.layers.globalAveragePooling2d({}),
      () => norm({ activation: "relu" }),
    ),
  },
  "all others": {
    "activation: relu6": chain(
      () => tf.layers.dense({ units: 5 }),
      () => activation({ activation: "relu6" }),
    ),
    channelDropout: chain(() => channelDropout({ rate: 0.5 })),
    selectInput: (x) => apply(selectInput({ index: 1 }), [apply(conv(2), x), apply(conv(3), x)]),
  },
});

import * as tf from "@tensorflow/tfjs";
import { apply, type Body, chain, describeBodies, rescaling } from "./bodies.ts";

const { layers } = tf;

const conv = (filters: number, kernelSize: number | [number, number] = 3, more = {}) =>
  layers.conv2d({ filters, kernelSize, padding: "same", ...more });
const tanh = () => layers.activation({ activation: "tanh" });

/** Two branches of seven channels, and the joining of them. */
const joined =
  (join: () => tf.layers.Layer): Body =>
  (x) =>
    apply(join(), [apply(conv(7), x), apply(conv(7, 1), x)]);

/** An image and numbers for each of its channels. */
const gated =
  (...gate: (() => tf.layers.Layer)[]): Body =>
  (x) => {
    const y = apply(conv(7), x);
    const pooled = gate.reduce((z, layer) => apply(layer(), z), apply(layers.globalAveragePooling2d({}), y));
    return apply(layers.multiply(), [y, pooled]);
  };

/** Bodies by what they are. */
const CASES: Record<string, Record<string, Body>> = {
  Conv2D: {
    valid: chain(() => conv(4, 3, { padding: "valid" })),
    "an even window, same": chain(() => conv(4, [2, 4])),
    "strides, valid": chain(() => conv(4, 3, { padding: "valid", strides: 2 })),
    "strides, same": chain(() => conv(4, 3, { strides: 2 })),
    "unequal strides, same": chain(() => conv(4, [5, 2], { strides: [3, 2] })),
    "strides larger than the window, same": chain(() => conv(4, 1, { strides: 3 })),
    "strides larger than the window, valid": chain(() => conv(4, 1, { strides: 3, padding: "valid" })),
    "dilation, valid": chain(() => conv(4, 3, { padding: "valid", dilationRate: 2 })),
    "unequal dilations, same": chain(() => conv(4, [3, 2], { dilationRate: [2, 3] })),
    "no bias": chain(() => conv(4, 3, { useBias: false })),
    "an activation": chain(() => conv(4, 3, { activation: "relu" })),
    "softmax as activation": chain(() => conv(4, 3, { activation: "softmax" })),
  },
  DepthwiseConv2D: {
    same: chain(() => layers.depthwiseConv2d({ kernelSize: 3, padding: "same" })),
    "a multiplier": chain(() => layers.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 3 })),
    "strides and an activation": chain(() =>
      layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same", activation: "relu6" }),
    ),
    "a batch norm after it": chain(
      () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, useBias: false }),
      () => layers.batchNormalization(),
    ),
    "a dilation, which TF.js ignores": chain(() =>
      layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2, padding: "same" }),
    ),
  },
  SeparableConv2D: {
    same: chain(() => layers.separableConv2d({ filters: 4, kernelSize: 3, padding: "same" })),
    "a multiplier, strides, an activation": chain(() =>
      layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2, strides: 2, activation: "tanh" }),
    ),
    "dilation, no bias": chain(() =>
      layers.separableConv2d({ filters: 4, kernelSize: 3, dilationRate: 2, useBias: false, padding: "same" }),
    ),
    "a batch norm after it": chain(
      () => layers.separableConv2d({ filters: 4, kernelSize: 3 }),
      () => layers.batchNormalization(),
    ),
  },
  Dense: {
    "of an image": chain(() => layers.dense({ units: 4, activation: "sigmoid" })),
    "of an image, no bias": chain(() => layers.dense({ units: 4, useBias: false })),
    "of a vector": chain(
      () => layers.globalMaxPooling2d({}),
      () => layers.dense({ units: 6, activation: "relu" }),
      () => layers.batchNormalization(),
      () => layers.dense({ units: 4, useBias: false }),
      () => layers.batchNormalization(),
    ),
    "of an image, then a batch norm": chain(
      () => layers.dense({ units: 4 }),
      () => layers.batchNormalization(),
      () => conv(3),
    ),
  },
  BatchNormalization: {
    "folded into a convolution": chain(
      () => conv(4),
      () => layers.batchNormalization({ epsilon: 0.1 }),
    ),
    "folded twice": chain(
      () => conv(4, 3, { useBias: false }),
      () => layers.batchNormalization(),
      () => layers.batchNormalization(),
    ),
    alone: chain(() => layers.batchNormalization()),
    "without scale": chain(() => layers.batchNormalization({ scale: false })),
    "without center": chain(() => layers.batchNormalization({ center: false })),
    "without both, folded": chain(
      () => conv(4),
      () => layers.batchNormalization({ scale: false, center: false }),
    ),
    "after a convolution that others read too": (x) => {
      const y = apply(conv(4), x);
      return apply(layers.add(), [y, apply(layers.batchNormalization(), y)]);
    },
    "after a convolution with an activation": chain(
      () => conv(4, 3, { activation: "tanh" }),
      () => layers.batchNormalization(),
    ),
    "over the last axis by its number": chain(() => layers.batchNormalization({ axis: 3 })),
    "of a vector": chain(
      () => layers.globalAveragePooling2d({}),
      () => layers.batchNormalization(),
    ),
  },
  Activation: Object.fromEntries(
    (
      [
        "linear",
        "relu",
        "relu6",
        "sigmoid",
        "tanh",
        "softplus",
        "softsign",
        "softmax",
        "swish",
        "elu",
        "selu",
        "hardSigmoid",
      ] as const
    ).map((activation) => [
      activation,
      // Values beyond 6 and −2.5 too.
      chain(
        () => rescaling(10, 0.5),
        () => layers.activation({ activation }),
      ),
    ]),
  ),
  "Layers of activation": {
    ReLU: chain(() => layers.reLU()),
    "ReLU with a largest value": chain(
      () => rescaling(5),
      () => layers.reLU({ maxValue: 3 }),
    ),
    "ReLU with a largest value of zero and below": chain(() => layers.reLU({ maxValue: 0.25 })),
    LeakyReLU: chain(() => layers.leakyReLU({ alpha: 0.2 })),
    "LeakyReLU as it comes": chain(() => layers.leakyReLU()),
    ELU: chain(() => layers.elu()),
    Softmax: chain(() => layers.softmax({ axis: -1 })),
    "Softmax of a vector": chain(
      () => layers.globalAveragePooling2d({}),
      () => layers.softmax({ axis: 1 }),
    ),
  },
  "Layers that join": {
    Add: joined(() => layers.add()),
    Multiply: joined(() => layers.multiply()),
    Average: joined(() => layers.average()),
    Maximum: joined(() => layers.maximum()),
    Minimum: joined(() => layers.minimum()),
    "Average of three": (x) => apply(layers.average(), [x, apply(conv(5), x), apply(conv(5, 1), x)]),
    "Add of one thing twice": (x) => apply(layers.add(), [x, x]),
    "Multiply by [batch, 1, 1, channels]": gated(
      () => layers.reshape({ targetShape: [1, 1, 7] }),
      () => conv(7, 1),
    ),
    "Multiply by [batch, channels]": gated(),
    "Add of a vector to an image": (x) =>
      apply(layers.add(), [apply(layers.globalMaxPooling2d({}), x), apply(conv(5), x)]),
    "Maximum of images of one channel and of many": (x) => apply(layers.maximum(), [apply(conv(1), x), x]),
    "Concatenate of channels": joined(() => layers.concatenate()),
    "Concatenate of rows": joined(() => layers.concatenate({ axis: 1 })),
    "Concatenate of columns": joined(() => layers.concatenate({ axis: 2 })),
    "Concatenate of vectors": (x) =>
      apply(layers.concatenate(), [
        apply(layers.globalMaxPooling2d({}), x),
        apply(layers.globalAveragePooling2d({}), apply(conv(3), x)),
      ]),
  },
  Pooling: {
    "maximum, valid": chain(() => layers.maxPooling2d({ poolSize: 2 })),
    "maximum, same": chain(() => layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" })),
    "maximum, same, all negative": chain(
      () => rescaling(1, -3),
      () => layers.maxPooling2d({ poolSize: [3, 2], strides: [2, 1], padding: "same" }),
    ),
    "average, valid": chain(() => layers.averagePooling2d({ poolSize: [2, 3], strides: 1 })),
    "average, same": chain(() => layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" })),
    "average, same, stride 1": chain(() => layers.averagePooling2d({ poolSize: [2, 3], strides: 1, padding: "same" })),
    "maximum of all": chain(() => layers.globalMaxPooling2d({})),
    "average of all": chain(() => layers.globalAveragePooling2d({})),
  },
  "Layers of form": {
    ZeroPadding2D: chain(() =>
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [3, 0],
        ],
      }),
    ),
    "UpSampling2D, nearest": chain(() => layers.upSampling2d({ size: [2, 3] })),
    "UpSampling2D, bilinear": chain(() => layers.upSampling2d({ size: [3, 2], interpolation: "bilinear" })),
    "Dropout of every kind": chain(
      () => layers.dropout({ rate: 0.5 }),
      () => layers.gaussianDropout({ rate: 0.5 }),
      () => layers.gaussianNoise({ stddev: 1 }),
      () => layers.alphaDropout({ rate: 0.5 }),
      tanh,
    ),
    Rescaling: chain(() => rescaling(2, -0.3)),
    "Rescaling before a convolution": chain(
      () => rescaling(2, -0.3),
      () => conv(4),
    ),
    "Rescaling after a convolution": chain(
      () => conv(4),
      () => rescaling(2, -0.3),
    ),
    "Reshape to unknown sizes": chain(
      () => conv(6),
      () => layers.reshape({ targetShape: [-1, 3] }),
      tanh,
    ),
    "Reshape of a vector to an image": chain(
      () => layers.globalMaxPooling2d({}),
      () => layers.dense({ units: 30 }),
      () => layers.reshape({ targetShape: [2, 3, 5] }),
      () => conv(2),
    ),
    Flatten: (x) => {
      const grid = layers.reshape({ targetShape: [2, 3, 5] });
      const vector = apply(layers.dense({ units: 30 }), apply(layers.globalMaxPooling2d({}), x));
      return apply(layers.flatten(), apply(conv(4), apply(grid, vector)));
    },
  },
};

describeBodies("an ONNX file of stock layers gives what the model gives:", CASES);

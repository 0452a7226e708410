import * as seg from "@seg/layers";
import { batchNormalization } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";

const { layers } = tf;

/** A model of one layer, or of one after the other, over images of three channels, or of more. */
const chain =
  (...parts: tf.layers.Layer[]) =>
  (channels = 3) => {
    const x = tf.input({ shape: [null, null, channels] });
    return tf.model({ inputs: x, outputs: parts.reduce((y, part) => part.apply(y) as tf.SymbolicTensor, x) });
  };

/** A model whose body is a function. */
const graph =
  (body: (x: tf.SymbolicTensor) => unknown, shape: (number | null)[] = [null, null, 3]) =>
  () => {
    const x = tf.input({ shape });
    return tf.model({ inputs: x, outputs: body(x) as tf.SymbolicTensor });
  };

const on = (layer: tf.layers.Layer, x: unknown) => layer.apply(x as tf.SymbolicTensor) as tf.SymbolicTensor;
const conv = (filters: number, options: object = {}) => seg.conv2d({ filters, kernelSize: 3, padding: 1, ...options });

/** Small models of every operation and of common stock layers. */
export const MODELS: Record<string, () => tf.LayersModel> = {
  "a strided, padded convolution with bias": () => chain(conv(5, { strides: 2 }))(),
  "a dilated convolution": () => chain(conv(5, { padding: 2, dilations: 2 }))(),
  "a convolution with uneven windows": () =>
    chain(seg.conv2d({ filters: 4, kernelSize: [3, 5], strides: [1, 2], padding: [1, 2] }))(),
  "a grouped convolution, fused with a norm and a ReLU": () =>
    chain(conv(6, { groups: 2, useBias: false }), batchNormalization({ activation: "relu" }))(4),
  "a strided depthwise convolution with a ReLU6": () =>
    chain(conv(4, { groups: 4, strides: 2, useBias: false }), batchNormalization({ activation: "relu6" }))(4),
  "a depthwise convolution of two filters a channel": () => chain(conv(8, { groups: 4 }))(4),
  "a dilated depthwise convolution": () => chain(conv(4, { groups: 4, padding: 2, dilations: 2 }))(4),
  "a norm that stands alone, and one that adds": graph((x) => {
    const y = on(batchNormalization({}), x);
    const sum = batchNormalization({ activation: "relu" }).apply([on(conv(3), y), y] as tf.SymbolicTensor[]);
    return on(conv(2), sum);
  }),
  "a convolution without bias whose ReLU is read twice": graph((x) => {
    const y = on(seg.activation({ activation: "relu" }), on(conv(3, { useBias: false }), x));
    return on(layers.add(), [y, on(conv(3), y)]);
  }),
  "max pooling over negative numbers with padding": () =>
    chain(layers.rescaling({ scale: 1, offset: -5 }), seg.maxPool2d({ kernelSize: 3, strides: 2, padding: 1 }))(),
  "adaptive pooling to one cell": () => chain(seg.adaptiveAvgPool2d({ bins: 1 }))(),
  "adaptive pooling to overlapping cells": () => chain(seg.adaptiveAvgPool2d({ bins: [6, 4] }))(),
  "adaptive pooling to more cells than pixels": () => chain(seg.adaptiveAvgPool2d({ bins: [20, 30] }))(),
  "resizing to another map's size, up and down": graph((x) => {
    const small = on(conv(4, { strides: 2 }), x);
    const up = on(seg.resizeLike({}), [small, x]);
    const down = on(seg.resizeLike({}), [x, small]);
    return on(
      seg.conv2d({ filters: 2, kernelSize: 1 }),
      on(layers.concatenate(), [on(seg.resizeLike({}), [down, x]), up]),
    );
  }),
  "a convolution over maps of few cells, uneven and without padding, and one of unknown size": graph((x) => {
    const cells = ([1, [2, 5], 6] as const).map((bins) =>
      on(seg.conv2d({ filters: 4, kernelSize: 1 }), on(seg.adaptiveAvgPool2d({ bins: bins as number }), x)),
    );
    const head = (kernelSize: [number, number], padding: [number, number]) =>
      seg.conv2dOverResized({ filters: 5, kernelSize, padding });
    const norm = batchNormalization({ activation: "relu" });
    const maps = [x, cells[0], on(conv(3, { strides: 3 }), x), ...cells.slice(1)];
    const [y, z] = [norm.apply(head([3, 3], [1, 1]).apply(maps as never)), head([5, 3], [1, 0]).apply(maps as never)];
    return on(layers.concatenate(), [y, on(seg.resizeLike({}), [z, y])]);
  }),
  "a network like MobileNet": () =>
    tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [null, null, 3],
          filters: 8,
          kernelSize: 3,
          strides: 2,
          padding: "same",
          useBias: false,
        }),
        layers.batchNormalization(),
        layers.reLU({ maxValue: 6 }),
        layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same", useBias: false, depthMultiplier: 2 }),
        layers.batchNormalization(),
        layers.reLU({ maxValue: 6 }),
        layers.separableConv2d({ filters: 12, kernelSize: 3, padding: "same", activation: "relu" }),
        layers.globalAveragePooling2d({ dataFormat: "channelsLast" }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 7, activation: "relu" }),
        layers.dense({ units: 5, useBias: false }),
        layers.softmax(),
      ],
    }),
  "a network like ResNet": graph((x) => {
    const stem = on(
      layers.conv2d({ filters: 8, kernelSize: 7, strides: 2 }),
      on(
        layers.zeroPadding2d({
          padding: [
            [3, 2],
            [1, 3],
          ],
        }),
        x,
      ),
    );
    const pooled = on(
      layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      on(layers.activation({ activation: "relu" }), stem),
    );
    const branch = on(
      layers.batchNormalization(),
      on(layers.conv2d({ filters: 8, kernelSize: 3, padding: "same" }), pooled),
    );
    return on(
      layers.globalMaxPooling2d({ dataFormat: "channelsLast" }),
      on(layers.reLU(), on(layers.add(), [branch, pooled])),
    );
  }),
  "upsampling, a product, a concatenation and their like": graph((x) => {
    const small = on(layers.averagePooling2d({ poolSize: 2, padding: "same" }), x);
    const ups = (["nearest", "bilinear"] as const).map((interpolation) =>
      on(layers.upSampling2d({ size: [2, 3], interpolation }), small),
    );
    const parts = [layers.multiply(), layers.maximum(), layers.minimum(), layers.average()].map((l) => on(l, ups));
    return on(layers.concatenate({ axis: -1 }), parts);
  }),
  "every activation": graph((x) => {
    const names = [
      "sigmoid",
      "tanh",
      "softplus",
      "softsign",
      "swish",
      "elu",
      "selu",
      "hardSigmoid",
      "softmax",
      "relu6",
      "relu",
    ] as const;
    const spread = on(layers.rescaling({ scale: 9, offset: 0.5 }), x);
    const parts = names.map((activation) => on(layers.activation({ activation }), spread));
    const more = [layers.leakyReLU({ alpha: 0.1 }), layers.reLU({ maxValue: 2 }), layers.elu()].map((l) =>
      on(l, spread),
    );
    return on(layers.concatenate(), [...parts, ...more]);
  }),
  "reshaping to and from vectors": graph(
    (x) => {
      const flat = on(layers.flatten(), x);
      const rows = on(layers.reshape({ targetShape: [null, 5] } as never), flat);
      return on(layers.dense({ units: 4, activation: "tanh" }), rows);
    },
    [11, 15, 3],
  ),
  "reshaping images of any size": graph((x) => {
    const pixels = on(layers.reshape({ targetShape: [null, 3] } as never), x);
    return on(layers.softmax({ axis: -1 }), on(layers.dense({ units: 4, activation: "relu" }), pixels));
  }),
};

import { conv2d, selectInput } from "@seg/layers";
import { batchNormalization } from "@seg/sync-bn";
import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { toOnnx } from "../src/index.ts";
import { apply, type Body, modelOf, type X } from "./bodies.ts";
import { expectSame, filled } from "./compare.ts";

const { layers } = tf;

const conv = (filters: number, kernelSize: number, more = {}) =>
  layers.conv2d({ filters, kernelSize, padding: "same", useBias: false, ...more });
const norm = () => layers.batchNormalization();
const through = (x: X, ...all: tf.layers.Layer[]) => all.reduce((y, layer) => apply(layer, y), x);

/** MobileNetV2's blocks, a gate of squeeze and excitation, and a classifier. */
const mobilenet: Body = (x) => {
  let y = through(x, conv(8, 3, { strides: 2 }), norm(), layers.reLU({ maxValue: 6 }));
  for (const [filters, strides] of [
    [8, 1],
    [12, 2],
    [12, 1],
  ] as const) {
    const wide = through(y, conv(3 * filters, 1), norm(), layers.reLU({ maxValue: 6 }));
    const depthwise = layers.depthwiseConv2d({ kernelSize: 3, strides, padding: "same", useBias: false });
    const deep = through(wide, depthwise, norm(), layers.reLU({ maxValue: 6 }));
    const gate = through(
      deep,
      layers.globalAveragePooling2d({}),
      layers.reshape({ targetShape: [1, 1, 3 * filters] }),
      conv(4, 1, { activation: "relu", useBias: true }),
      conv(3 * filters, 1, { activation: "hardSigmoid", useBias: true }),
    );
    const narrow = through(apply(layers.multiply(), [deep, gate]), conv(filters, 1), norm());
    y = narrow.shape[3] === y.shape[3] && strides === 1 ? apply(layers.add(), [narrow, y]) : narrow;
  }
  return through(
    y,
    layers.globalAveragePooling2d({}),
    layers.dropout({ rate: 0.2 }),
    layers.dense({ units: 10, activation: "softmax" }),
  );
};

/** ResNet's bottlenecks, as Keras writes them. */
const resnet: Body = (x) => {
  let y = through(
    x,
    layers.zeroPadding2d({ padding: 3 }),
    layers.conv2d({ filters: 8, kernelSize: 7, strides: 2 }),
    norm(),
    layers.activation({ activation: "relu" }),
    layers.zeroPadding2d({ padding: 1 }),
    layers.maxPooling2d({ poolSize: 3, strides: 2 }),
  );
  for (const [filters, strides] of [
    [8, 1],
    [16, 2],
  ] as const) {
    const relu = () => layers.activation({ activation: "relu" });
    const shortcut = through(y, conv(4 * filters, 1, { strides }), norm());
    const first = through(y, conv(filters, 1, { strides }), norm(), relu());
    const deep = through(first, conv(filters, 3), norm(), relu(), conv(4 * filters, 1), norm());
    y = through(apply(layers.add(), [shortcut, deep]), relu());
  }
  return y;
};

/** Two maps of an image. */
const encoder = () =>
  modelOf((x) => {
    const first = through(x, conv2d({ filters: 4, kernelSize: 3, padding: 1 }), batchNormalization());
    return [first, apply(conv2d({ filters: 6, kernelSize: 3, strides: 2, padding: 1 }), first)];
  });

/** A head over two maps, and one over the second. */
function decoder(): tf.LayersModel {
  const maps = [4, 6].map((channels) => tf.input({ shape: [null, null, channels] }));
  const second = apply(selectInput({ index: 1 }), maps);
  return filled(
    tf.model({ inputs: maps, outputs: [apply(conv(3, 1), maps[0]!), apply(conv(2, 3), second), maps[1]!] }),
  );
}

const MODELS: Record<string, () => tf.LayersModel | tf.LayersModel[]> = {
  "a MobileNet of stock layers": () => modelOf(mobilenet),
  "a ResNet of stock layers": () => modelOf(resnet),
  "a chain of an encoder and a decoder": () => [encoder(), decoder()],
  "a model of nested models": () => modelOf((x) => decoder().apply(encoder().apply(x) as X[]) as X[]),
  "a nested model that is used twice": () =>
    modelOf((x) => {
      const own = tf.input({ shape: [null, null, 5] });
      const nested = tf.model({ inputs: own, outputs: through(own, conv(5, 3), norm()) });
      const once = nested.apply(x) as X;
      return apply(layers.add(), [once, nested.apply(once) as X]);
    }),
  "a layer that is used twice": () =>
    modelOf((x) => {
      const shared = conv(5, 3);
      return apply(norm(), apply(shared, apply(norm(), apply(shared, x))));
    }),
  "a sequential model": () =>
    filled(
      tf.sequential({ layers: [layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [null, null, 5] }), norm()] }),
    ),
  "a model whose output is its input": () => modelOf((x) => apply(layers.activation({ activation: "linear" }), x)),
  "a model that gives one tensor twice, its input, and a vector": () =>
    modelOf((x) => {
      const y = apply(conv(3, 3), x);
      const same = apply(layers.dropout({ rate: 0.5 }), y);
      return [y, same, apply(layers.dropout({ rate: 0.5 }), x), apply(layers.globalMaxPooling2d({}), y)];
    }),
  "layers of one name, and of names that the file has itself": () => [
    modelOf((x) => through(x, layers.conv2d({ name: "scores", filters: 4, kernelSize: 1 }))),
    (() => {
      const x = tf.input({ shape: [null, null, 4] });
      const named = (name: string) => layers.conv2d({ name, filters: 4, kernelSize: 1 });
      const y = through(x, named("scores"), named("image"), named("size"), named("int64"), named("a/Conv"), named("a"));
      return filled(tf.model({ inputs: x, outputs: y }));
    })(),
  ],
};

describeEngines("an ONNX file gives what the model gives:", () => {
  for (const [title, make] of Object.entries(MODELS)) {
    it(`${title}.`, async () => {
      const models = make();
      await expectSame(models, [
        [1, 33, 45, 5],
        [2, 18, 23, 5],
      ]);
      dispose([models].flat());
    });
  }

  it("of the outputs that are asked for, in their order, and no weight that only others need.", async () => {
    const models = [encoder(), decoder()];
    const images = [[2, 9, 7, 5]];
    for (const outputs of [[1], [2, 0], [0, 0], [2]]) await expectSame(models, images, { outputs });
    expect(toOnnx(models, { outputs: [2] }).byteLength).toBeLessThan(toOnnx(models).byteLength);
    dispose(models);
  });

  it("of a static size and batch.", async () => {
    const image = tf.input({ batchShape: [2, 9, 7, 5] });
    const model = filled(tf.model({ inputs: image, outputs: through(image, conv(4, 3), layers.flatten()) }));
    await expectSame(model, [[2, 9, 7, 5]]);
    dispose([model]);
  });

  it("of sequences, which are no images.", async () => {
    const x = tf.input({ shape: [null, 6] });
    const y = through(
      x,
      layers.dense({ units: 4, activation: "tanh" }),
      norm(),
      layers.softmax({ axis: 2 }),
      layers.reshape({ targetShape: [-1, 2, 2] }),
      conv(3, 3),
    );
    const model = filled(tf.model({ inputs: x, outputs: y }));
    await expectSame(model, [
      [1, 5, 6],
      [3, 4, 6],
    ]);
    dispose([model]);
  });
}, ["cpu"]);

/** Frees models, and the weights that TF.js keeps of layers that were applied twice. */
function dispose(models: readonly tf.LayersModel[]): void {
  const variables = models.flatMap((model) => model.weights.map((weight) => weight.read() as tf.Variable));
  for (const model of models) model.dispose();
  for (const variable of variables) if (!variable.isDisposed) variable.dispose();
}

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeEveryEngine, tidyAsync, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import * as layers from "../src/index.ts";
import { inferenceModel, LayersError } from "../src/index.ts";
import * as ops from "../src/ops/index.ts";

const image = (shape: [number, number, number, number]) =>
  tf.tensor4d(
    Float32Array.from(
      uniform(
        "image",
        shape.reduce((a, b) => a * b, 1),
        (u) => u - 0.5,
      ),
    ),
    shape,
  );

/** A model with every layer of this package. */
function everyLayer(): tf.LayersModel {
  const input = tf.input({ shape: [null, null, 3] });
  let x = layers.conv2d({ name: "stem", filters: 8, kernelSize: 3, strides: 2, padding: 1, seed: 1 }).apply(input);
  x = layers.activation({ name: "relu", activation: "relu6" }).apply(x);
  x = layers.maxPool2d({ name: "pool", kernelSize: 3, strides: 2, padding: 1 }).apply(x);
  const depthwise = layers.conv2d({
    name: "dw",
    filters: 8,
    kernelSize: 3,
    padding: 2,
    dilations: 2,
    groups: 8,
    seed: 2,
  });
  const y = depthwise.apply(x) as tf.SymbolicTensor;
  const cells = layers.adaptiveAvgPool2d({ name: "cells", bins: 2 }).apply(y) as tf.SymbolicTensor;
  const joined = layers.conv2dOverResized({ name: "joined", filters: 5, kernelSize: 3, padding: 1, seed: 3 });
  const z = layers.channelDropout({ name: "drop", rate: 0.2, seed: 5 }).apply(joined.apply([y, cells]));
  const output = layers.resizeLike({ name: "up" }).apply([z as tf.SymbolicTensor, input]);
  return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
}

describeEveryEngine("a model of all layers", (engine) => {
  it("gives the same after it was saved and loaded", async () => {
    const model = everyLayer();
    const x = image([2, 13, 18, 3]);
    const y = model.predict(x) as tf.Tensor;
    expect(y.shape).toEqual([2, 13, 18, 5]);
    let saved: tf.io.ModelArtifacts | undefined;
    let target: tf.io.IOHandler | string = tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    });
    if (engine === "tensorflow") target = `file://${mkdtempSync(join(tmpdir(), "seg-layers-"))}`;
    await model.save(target);
    const source = typeof target === "string" ? `${target}/model.json` : tf.io.fromMemory(saved!);
    const loaded = await tf.loadLayersModel(source as string);
    const again = loaded.predict(x) as tf.Tensor;
    expect(await again.data()).toEqual(await y.data());
    tf.dispose([x, y, again]);
    model.dispose();
    loaded.dispose();
  });

  it("gives the same prepared for inference, and frees what it made", async () => {
    const model = everyLayer();
    const inference = inferenceModel(model);
    await tidyAsync(async () => {
      const x = image([1, 12, 10, 3]);
      const expected = await (model.predict(x) as tf.Tensor).data();
      const before = tf.memory().numTensors;
      const [y] = inference.predict(x) as [tf.Tensor];
      expect(tf.memory().numTensors).toBe(before + 1);
      for (const [i, value] of (await y.data()).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    });
    inference.dispose();
    model.dispose();
  });

  it("gives every trained variable a gradient", async () => {
    const model = everyLayer();
    await tidyAsync(async () => {
      const x = image([1, 12, 10, 3]);
      const { grads } = tf.variableGrads(() =>
        (model.apply(x, { training: true }) as tf.Tensor).square().sum().asScalar(),
      );
      expect(Object.keys(grads)).toHaveLength(6);
      for (const gradient of Object.values(grads)) expect((await gradient.abs().sum().data())[0]).toBeGreaterThan(0);
    });
    model.dispose();
  });
});

describe("channel dropout", () => {
  it("drops whole channels, keeps the mean, and repeats itself with a seed", () => {
    tf.tidy(() => {
      const ones = tf.ones([4, 3, 3, 500]);
      const draw = () => layers.channelDropout({ rate: 0.25, seed: 7 }).apply(ones, { training: true }) as tf.Tensor;
      const values = draw();
      const channels = values.mean([1, 2]).dataSync();
      for (const value of channels) expect([0, 4 / 3].some((x) => Math.abs(value - x) < 1e-6)).toBe(true);
      expect(Math.abs(values.mean().dataSync()[0]! - 1)).toBeLessThan(0.05);
      expect(draw().dataSync()).toEqual(values.dataSync());
      const layer = layers.channelDropout({ rate: 0.25, seed: 7 });
      const [first, second] = [0, 1].map(() => (layer.apply(ones, { training: true }) as tf.Tensor).dataSync());
      expect(first).not.toEqual(second);
      expect((layer.apply(ones) as tf.Tensor).dataSync()).toEqual(ones.dataSync());
    });
  });
});

/** The code and the data of the error that is thrown. */
function errorOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(LayersError);
    const { code, data } = error as LayersError;
    return { code, ...data };
  }
  throw new Error("Nothing was thrown.");
}

describe("wrong use", () => {
  it("tells what was expected and what came", () => {
    tf.tidy(() => {
      const x = image([1, 4, 4, 6]);
      const filter = tf.ones([3, 3, 6, 2]) as tf.Tensor4D;
      expect(errorOf(() => ops.conv2d(x, tf.ones([3, 3, 4, 2])))).toEqual({
        code: "shape",
        expected: [3, 3, 6, 2],
        received: [3, 3, 4, 2],
      });
      expect(errorOf(() => ops.conv2d(x, filter, { dilations: 4 }))).toEqual({
        code: "shape",
        expected: [3, 3],
        received: [1, 4, 4, 6],
      });
      expect(errorOf(() => ops.conv2d(x, filter, { strides: 0 }))).toEqual({
        code: "option",
        option: "strides",
        received: 0,
      });
      expect(errorOf(() => ops.maxPool2d(x, { kernelSize: 2, padding: 2 }))).toMatchObject({ option: "padding" });
      expect(errorOf(() => ops.maxPool2d(x, { kernelSize: 5 }))).toMatchObject({ code: "shape", expected: [5, 5] });
      for (const [run, option, nearest] of [
        [() => ops.conv2d(x, filter, { stride: 2 } as object), "stride", "strides"],
        [() => ops.maxPool2d(x, { kernelSize: 2, paddings: 1 } as never), "paddings", "padding"],
      ] as const) {
        expect(errorOf(run)).toMatchObject({ code: "option", option, nearest });
      }
      for (const strides of [[1, 2, 3], "2", Number.NaN]) {
        expect(errorOf(() => ops.conv2d(x, filter, { strides } as never))).toMatchObject({ option: "strides" });
      }
      expect(errorOf(() => ops.conv2d(tf.ones([4, 4, 6]) as never, filter))).toMatchObject({
        code: "shape",
        expected: 4,
      });
      expect(errorOf(() => ops.adaptiveAvgPool2d(tf.ones([4, 6]) as never, 2))).toMatchObject({ code: "shape" });
      expect(errorOf(() => layers.pixelAccuracy(tf.ones([2, 4, 4, 3]), tf.zeros([2, 1, 1], "int32")))).toMatchObject({
        code: "shape",
        expected: [2, 4, 4],
      });
      expect(errorOf(() => ops.activate(x, "swish" as "relu"))).toMatchObject({ code: "option", option: "activation" });
      expect(errorOf(() => layers.channelDropout({ rate: 1 }))).toEqual({
        code: "option",
        option: "rate",
        received: 1,
      });
      expect(() => layers.channelDropout({ rate: 1 })).toThrow("Expected a dropout rate in [0, 1) but received 1.");
    });
  });

  it("of a layer's options is refused when it is made, with the nearest name", () => {
    const conv = { filters: 4, kernelSize: 3 };
    for (const [make, option, nearest] of [
      [() => layers.conv2d({ ...conv, stride: 2 } as never), "stride", "strides"],
      [() => layers.conv2d({ ...conv, kernalInitializer: "zeros" } as never), "kernalInitializer", "kernelInitializer"],
      [() => layers.conv2d({ ...conv, activation: "relu" } as never), "activation", undefined],
      [() => layers.conv2d({ ...conv, kernelInitializer: "glorotNormall" }), "kernelInitializer", "glorotNormal"],
      [() => layers.activation({ activation: "rellu" as "relu" }), "activation", "relu"],
      [() => layers.maxPool2d({ kernelSize: 2, poolSize: 2 } as never), "poolSize", undefined],
      [() => layers.adaptiveAvgPool2d({ bins: 2, bin: 2 } as never), "bin", "bins"],
      [() => layers.channelDropout({ rate: 0.1, rates: 1 } as never), "rates", "rate"],
      [() => layers.resizeLike({ nam: "x" } as never), "nam", "name"],
      [() => layers.conv2dOverResized({ ...conv, dilation: 1 } as never), "dilation", "dilations"],
    ] as const) {
      expect(errorOf(make)).toMatchObject({ code: "option", option, nearest });
    }
    for (const make of [layers.conv2d, layers.activation, layers.channelDropout, layers.maxPool2d]) {
      expect(errorOf(() => make(undefined as never))).toMatchObject({ code: "option", option: "args" });
    }
    for (const args of [
      { filters: 0 },
      { filters: 3, groups: 2 },
      { groups: 0 },
      { kernelSize: 1.5 },
      { padding: "same" },
      { kernelStddev: -1 },
      { kernelStddev: 1, kernelInitializer: "ones" },
      { biasRegularizer: 3 },
      { kernelInitializer: "L1L2" },
      { kernelInitializer: "Adam" },
      { kernelInitializer: "toString" },
      { kernelInitializer: "constant" },
      { kernelRegularizer: tf.initializers.zeros() },
      { kernelConstraint: "Zeros" },
      { kernelStddev: Number.POSITIVE_INFINITY },
      { kernelStddev: "3" },
      { seed: Number.NaN },
    ]) {
      expect(errorOf(() => layers.conv2d({ ...conv, ...args } as never))).toMatchObject({ code: "option" });
    }
  });
});

describe("a layer that is applied to inputs that it does not take", () => {
  const map = (...shape: (number | null)[]) => tf.input({ shape });
  const [image, other, line] = [map(4, 4, 6), map(4, 4, 6), map(4, 6)];
  const conv = { filters: 3, kernelSize: 1 };
  for (const [name, layer, inputs] of [
    ["conv2d of a line", layers.conv2d(conv), line],
    ["conv2d of two", layers.conv2d(conv), [image, other]],
    ["conv2d of unknown channels", layers.conv2d(conv), map(4, 4, null)],
    ["conv2d of groups that do not divide", layers.conv2d({ filters: 4, kernelSize: 1, groups: 4 }), image],
    ["conv2dOverResized of one", layers.conv2dOverResized(conv), image],
    ["conv2dOverResized of unknown channels", layers.conv2dOverResized(conv), [image, map(4, 4, null)]],
    ["maxPool2d of a line", layers.maxPool2d({ kernelSize: 1 }), line],
    ["adaptiveAvgPool2d of two", layers.adaptiveAvgPool2d({ bins: 1 }), [image, other]],
    ["activation of two", layers.activation({ activation: "relu" }), [image, other]],
    ["channelDropout of a line", layers.channelDropout({ rate: 0.1 }), line],
    ["resizeLike of one", layers.resizeLike(), image],
    ["selectInput of one", layers.selectInput({ index: 0 }), image],
    ["selectInput of too few", layers.selectInput({ index: 2 }), [image, other]],
  ] as const) {
    it(`is refused: ${name}`, () => {
      expect(errorOf(() => layer.apply(inputs as tf.SymbolicTensor))).toMatchObject({
        code: "option",
        option: "inputs",
      });
    });
  }
});

describe("a convolution layer", () => {
  it("takes initializers, regularizers and constraints as stock layers do, and is saved with them", async () => {
    // The suites before leave the last engine that there is; on this one both layers add up in the same order.
    await tf.setBackend("cpu");
    const args = {
      filters: 2,
      kernelSize: 1,
      inputShape: [3, 3, 4],
      kernelInitializer: tf.initializers.constant({ value: 0.5 }),
      biasInitializer: "ones",
      kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }),
      kernelConstraint: "nonNeg",
    };
    const ours = tf.sequential({ layers: [layers.conv2d(args)] });
    const stock = tf.sequential({ layers: [tf.layers.conv2d(args as never)] });
    const x = image([1, 3, 3, 4]);
    const values = (model: tf.LayersModel) => Array.from((model.predict(x) as tf.Tensor).dataSync());
    expect(values(ours)).toEqual(values(stock));
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(await artifactsOf(ours)));
    expect(loaded.layers[0]!.getConfig()).toEqual(ours.layers[0]!.getConfig());
    expect(loaded.layers[0]!.calculateLosses().map((loss) => loss.dataSync()[0])).toEqual([
      expect.closeTo(0.1 * 8 * 0.25, 5),
    ]);
    // What a regularizer adds is part of the loss and of its gradients.
    const { loss, gradients } = layers.trainingModel(ours).gradients(x, ([y]) => y!.sum().mul(0).asScalar());
    expect(loss.dataSync()[0]).toBeCloseTo(0.1 * 8 * 0.25, 5);
    const [kernel] = Object.values(gradients);
    expect(Array.from(kernel!.dataSync())).toEqual(Array(8).fill(expect.closeTo(0.1 * 2 * 0.5, 5)));
  });
});

async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved!: tf.io.ModelArtifacts;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
  return saved;
}

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeEveryEngine, tidyAsync, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import {
  activationLayer,
  adaptiveAvgPool2dLayer,
  channelDropoutLayer,
  conv2d,
  conv2dLayer,
  conv2dOverResizedLayer,
  inferenceModel,
  LayersError,
  maxPool2d,
  maxPool2dLayer,
  resizeLikeLayer,
} from "../src/index.ts";

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
  let x = conv2dLayer({ name: "stem", filters: 8, kernelSize: 3, strides: 2, padding: 1, seed: 1 }).apply(input);
  x = activationLayer({ name: "relu", activation: "relu6" }).apply(x);
  x = maxPool2dLayer({ name: "pool", kernelSize: 3, strides: 2, padding: 1 }).apply(x);
  const depthwise = conv2dLayer({
    name: "dw",
    filters: 8,
    kernelSize: 3,
    padding: 2,
    dilations: 2,
    groups: 8,
    seed: 2,
  });
  const y = depthwise.apply(x) as tf.SymbolicTensor;
  const cells = adaptiveAvgPool2dLayer({ name: "cells", bins: 2 }).apply(y) as tf.SymbolicTensor;
  const joined = conv2dOverResizedLayer({ name: "joined", filters: 5, kernelSize: 3, padding: 1, seed: 3 });
  const z = channelDropoutLayer({ name: "drop", rate: 0.2, seed: 5 }).apply(joined.apply([y, cells]));
  const output = resizeLikeLayer({ name: "up" }).apply([z as tf.SymbolicTensor, input]);
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
      const draw = () => channelDropoutLayer({ rate: 0.25, seed: 7 }).apply(ones, { training: true }) as tf.Tensor;
      const values = draw();
      const channels = values.mean([1, 2]).dataSync();
      for (const value of channels) expect([0, 4 / 3].some((x) => Math.abs(value - x) < 1e-6)).toBe(true);
      expect(Math.abs(values.mean().dataSync()[0]! - 1)).toBeLessThan(0.05);
      expect(draw().dataSync()).toEqual(values.dataSync());
      const layer = channelDropoutLayer({ rate: 0.25, seed: 7 });
      const [first, second] = [0, 1].map(() => (layer.apply(ones, { training: true }) as tf.Tensor).dataSync());
      expect(first).not.toEqual(second);
      expect((layer.apply(ones) as tf.Tensor).dataSync()).toEqual(ones.dataSync());
    });
  });
});

describe("wrong use", () => {
  it("tells what was expected, what came, and a way out", () => {
    tf.tidy(() => {
      const x = image([1, 4, 4, 6]);
      const filter = tf.ones([3, 3, 6, 2]) as tf.Tensor4D;
      expect(() => conv2d(x, tf.ones([3, 3, 4, 2]))).toThrow(/Expected a filter \[kh, kw, 6, .*received \[3,3,4,2\]/);
      expect(() => conv2d(x, filter, { dilations: 4 })).toThrow(/holds the 3×3 window.*received 4×4/);
      expect(() => conv2d(x, filter, { strides: 0 })).toThrow(/Expected strides of whole numbers ≥ 1 but received 0/);
      expect(() => maxPool2d(x, { kernelSize: 2, padding: 2 })).toThrow(/at most half the window/);
      expect(() => maxPool2d(x, { kernelSize: 5 })).toThrow(LayersError);
      expect(() => channelDropoutLayer({ rate: 1 })).toThrow(/dropout rate in \[0, 1\) but received 1/);
    });
  });
});

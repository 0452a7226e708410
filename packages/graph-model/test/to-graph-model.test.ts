import * as seg from "@seg/layers";
import { describeEngines, expectLabels, thrown, tidyAsync, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { afterAll, describe, expect, it } from "vitest";
import { GraphModelError, type GraphModelOptions, graphModelArtifacts, toGraphModel } from "../src/index.ts";
import { toHalf } from "../src/weights.ts";
import { expectSame, image, opened, randomized } from "./made-up.ts";

const CLASSES = 5;

/** Two maps of scores, at half and at a third of the size. */
function segmenter(): tf.LayersModel {
  const x = tf.input({ shape: [null, null, 3], name: "photo" });
  const scores = [2, 3].map((strides) =>
    seg.conv2d({ name: `labels_${strides - 2}`, filters: CLASSES, kernelSize: 3, strides, padding: 1 }).apply(x),
  );
  return randomized(tf.model({ inputs: x, outputs: scores as tf.SymbolicTensor[] }));
}

const bytesOf = (chunks: Iterable<Uint8Array>) => Buffer.concat([...chunks].map((chunk) => Buffer.from(chunk)));

/** Opens files as a page does that has fetched them. */
function fetched({ modelJson, files }: ReturnType<typeof toGraphModel>): Promise<tf.GraphModel> {
  const written = new Map([...files()].map(({ name, chunks }) => [name, bytesOf(chunks)]));
  const json = JSON.parse(written.get("model.json")!.toString()) as typeof modelJson;
  expect(json).toEqual(modelJson);
  const [{ paths, weights }] = json.weightsManifest;
  const data = Buffer.concat(paths.map((path) => written.get(path)!));
  const { weightsManifest: _, convertedBy: __, ...header } = json;
  const artifacts = { ...header, weightSpecs: weights, weightData: Uint8Array.from(data).buffer };
  return tf.loadGraphModel(tf.io.fromMemory(artifacts as unknown as tf.io.ModelArtifacts));
}

describeEngines("a graph model", (engine) => {
  const pixels = [2, 9, 13, 3];
  const [, height, width] = pixels as [number, number, number];

  it("gives labels and probabilities for each pixel of the input, of each output that is wanted", async () => {
    const model = segmenter();
    const x = image(pixels, engine);
    const graphs = await Promise.all([
      opened(model, { output: "labels" }),
      opened(model, { output: "probabilities", outputs: [1] }),
    ]);
    const [labels, probabilities] = graphs;
    await tidyAsync(async () => {
      const scores = model.predict(x) as tf.Tensor4D[];
      const given = labels.predict(x) as tf.Tensor[];
      for (const [i, y] of given.entries()) {
        expect([y.dtype, y.shape]).toEqual(["int32", [2, height, width]]);
        for (const [j, map] of tf.split(scores[i]!, 2, 0).entries()) {
          const [, h, w] = map.shape as [number, number, number];
          const data = map.dataSync() as Float32Array;
          const one = y.slice([j, 0, 0], [1, -1, -1]).dataSync();
          expectLabels(one, [{ data, height: h, width: w, classes: CLASSES }], [height, width], 8);
        }
      }
      const resized = tf.image.resizeBilinear(scores[1]!, [height, width], false, true);
      await expectSame(probabilities.predict(x) as tf.Tensor, tf.softmax(resized));
    });
    const any = { size: "-1" };
    const described = (name: string) => ({ name, dtype: "DT_INT32", tensorShape: { dim: [any, any, any] } });
    expect(labels.modelSignature).toMatchObject({
      inputs: { input: { name: "input:0", dtype: "DT_FLOAT", tensorShape: { dim: [any, any, any, { size: "3" }] } } },
      outputs: { labels_0: described("labels_0:0"), labels_1: described("labels_1:0") },
    });
    tf.dispose(x);
    for (const one of [...graphs, model]) one.dispose();
  });

  it("takes pixels from 0 to 255 as whole numbers or others, and normalizes them", async () => {
    const model = segmenter();
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const graph = await opened(model, { normalize: { mean, std, scale: 1 / 255 } });
    await tidyAsync(async () => {
      const values = Int32Array.from(uniform("bytes", 2 * height * width * 3, (u) => Math.floor(u * 256)));
      const bytes = tf.tensor(values, pixels, "int32");
      const expected = model.predict(bytes.toFloat().div(255).sub(mean).div(std)) as tf.Tensor[];
      for (const x of [bytes, bytes.toFloat()]) {
        for (const [i, y] of (graph.predict(x) as tf.Tensor[]).entries()) await expectSame(y, expected[i]!);
      }
    });
    graph.dispose();
    model.dispose();
  });

  it("is the same in files of any size, and in half of the bytes to float16's precision", async () => {
    const model = segmenter();
    const x = image(pixels);
    const whole = toGraphModel(model, { metadata: { classes: ["wall", "sky"] } });
    const small = toGraphModel(model, { shardBytes: 100 });
    const half = toGraphModel(model, { half: true, shardBytes: 77 });
    const sizes = [...small.files()].slice(1).map(({ chunks }) => bytesOf(chunks).length);
    expect(sizes.slice(0, -1).every((size) => size === 100)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(
      [...whole.files()].slice(1).map(({ chunks }) => bytesOf(chunks).length)[0],
    );
    for (const one of [whole, small, half]) {
      const total = [...one.files()].reduce((sum, { chunks }) => sum + bytesOf(chunks).length, 0);
      expect(one.byteLength).toBe(total);
    }
    const graphs = await Promise.all([whole, small, half].map(fetched));
    await tidyAsync(async () => {
      const expected = model.predict(x) as tf.Tensor[];
      for (const [i, graph] of graphs.entries()) {
        for (const [j, y] of (graph.predict(x) as tf.Tensor[]).entries())
          await expectSame(y, expected[j]!, i === 2 ? 1e-3 : 1e-4);
      }
    });
    expect(graphs[0]!.metadata).toEqual({ classes: ["wall", "sky"] });
    tf.dispose(x);
    for (const one of [...graphs, model]) one.dispose();
  });
});

describe("toGraphModel", () => {
  const model = segmenter();
  afterAll(() => {
    model.dispose();
  });

  it("reads no weight before its file is asked for, and each of them once", () => {
    let reads = 0;
    const weights = (variable: tf.LayerVariable) => {
      reads++;
      return new Float32Array((variable.shape as number[]).reduce((a, b) => a * b));
    };
    const files = [...toGraphModel(model, { weights, shardBytes: 64 }).files()];
    expect(reads).toBe(0);
    for (const { chunks } of files) for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(64 * 1024);
    expect(reads).toBe(model.weights.length);
  });

  it("names what it cannot write", () => {
    const of = (layer: tf.layers.Layer, options: GraphModelOptions = {}) => {
      const x = tf.input({ shape: [null, null, 3] });
      return () => toGraphModel(tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor }), options);
    };
    const flips = tf.layers.permute({ dims: [2, 1, 3], name: "flip" });
    expect(of(flips)).toThrow("flip is a Permute");
    const pooled = tf.layers.globalAveragePooling2d({ name: "pool", dataFormat: "channelsLast" });
    expect(of(pooled, { output: "labels" })).toThrow(
      "Expected scores of an image's pixels for the output labels but pool gives [,3]: leave output out.",
    );
    const softmax = tf.layers.softmax({ name: "soft", axis: -1 });
    expect(of(softmax, { output: "probabilities" })).toThrow("but soft gives probabilities already");
  });

  it.each<[string, object, string]>([
    [
      "an unknown option",
      { ouput: "labels" },
      "Expected an option of toGraphModel but received ouput: did you mean output?",
    ],
    [
      "an unknown output",
      { output: "classes" },
      "Expected one of logits, probabilities, labels for output but received classes.",
    ],
    ["no size", { shardBytes: 0 }, "Expected a positive number of bytes for shardBytes but received 0."],
    ["half of something", { half: 1 }, "Expected true or false for half but received 1."],
    [
      "means of other channels",
      { normalize: { mean: [1], std: [1], scale: 1 } },
      "Expected 3 numbers as normalize.mean, one for each channel but received [1].",
    ],
    [
      "a deviation of 0",
      { normalize: { mean: [1, 1, 1], std: [1, 0, 1], scale: 1 } },
      "Expected 3 numbers other than 0 as normalize.std but received [1,0,1].",
    ],
    [
      "no scale",
      { normalize: { mean: [1], std: [1] } },
      "Expected a number other than 0 as normalize.scale but received undefined.",
    ],
  ])("refuses %s", (_, options, message) => {
    for (const write of [toGraphModel, graphModelArtifacts]) {
      const error = thrown<GraphModelError>(() => write(model, options));
      expect(error).toBeInstanceOf(GraphModelError);
      expect([error.code, error.message]).toEqual(["option", message]);
    }
  });

  it("refuses weights beyond float16, by name", () => {
    const weights = () => Float32Array.of(65520);
    const x = tf.input({ shape: [null, null, 1] });
    const y = seg.conv2d({ name: "stem", filters: 1, kernelSize: 1, useBias: false }).apply(x) as tf.SymbolicTensor;
    const large = tf.model({ inputs: x, outputs: y });
    const { files } = toGraphModel(large, { weights, half: true });
    expect(() => [...files()].map(({ chunks }) => [...chunks])).toThrow(
      "Expected numbers within float16's ±65504 in stem/filter but received 65520: leave half out.",
    );
    large.dispose();
  });
});

describe("toHalf", () => {
  /** As TensorFlow.js reads them. */
  function decoded(halves: Uint16Array): Float32Array {
    const quantization = { dtype: "float16" as const, original_dtype: "float32" };
    const spec = { name: "x", shape: [halves.length], dtype: "float32" as const, quantization };
    return tf.tidy(() => tf.io.decodeWeights(Uint16Array.from(halves).buffer, [spec]).x!.dataSync() as Float32Array);
  }

  it("gives back every finite float16 that TensorFlow.js reads", () => {
    const halves = Uint16Array.from({ length: 1 << 16 }, (_, i) => i).filter((bits) => (bits & 0x7c00) !== 0x7c00);
    expect(toHalf(decoded(halves), "x")).toEqual(halves);
  });

  it("rounds to the nearest, between two to the even one", () => {
    const halves = Uint16Array.from({ length: 0x7bff }, (_, i) => i);
    const [low, high] = [decoded(halves), decoded(halves.map((bits) => bits + 1))];
    const at = (part: number) => low.map((value, i) => value + (high[i]! - value) * part);
    expect(toHalf(at(0.49), "x")).toEqual(halves);
    expect(toHalf(at(0.51), "x")).toEqual(halves.map((bits) => bits + 1));
    expect(toHalf(at(0.5), "x")).toEqual(halves.map((bits) => bits + (bits % 2)));
  });
});

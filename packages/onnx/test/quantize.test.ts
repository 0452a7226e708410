import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { conv2d, maxPool2d } from "@seg/layers";
import { uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Calibration, calibrate, type Int8Options, onnxInference, toInt8Onnx, toOnnx } from "../src/index.ts";
import { type ModelProto, ModelProtoSchema, TensorProto_DataType } from "../src/proto/onnx_pb.ts";

type X = tf.SymbolicTensor;
const { layers } = tf;
const apply = (layer: tf.layers.Layer, x: X | X[]) => layer.apply(x) as X;
const through = (x: X, ...all: tf.layers.Layer[]) => all.reduce((y, layer) => apply(layer, y), x);
const relu = () => layers.activation({ activation: "relu" });
const conv = (name: string, filters: number, kernelSize: number, more = {}) =>
  layers.conv2d({ name, filters, kernelSize, padding: "same", ...more });

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Gives a model made-up weights of a size that keeps an image's. */
function filled(model: tf.LayersModel): tf.LayersModel {
  tf.tidy(() =>
    model.setWeights(
      model.weights.map(({ shape, originalName }, i) => {
        const dims = shape as number[];
        const isBias = originalName.includes("bias");
        const size = isBias ? 0.3 : Math.sqrt(6 / count(originalName.includes("depthwise") ? [9] : dims.slice(0, -1)));
        return tf.tensor(Float32Array.from(uniform(`${i}`, count(dims), (u) => (2 * u - 1) * size)), dims);
      }),
    ),
  );
  return model;
}

/** All that is computed on bytes: convolutions, of groups and of single channels too, sums, pooling, concatenation; and what is not. */
function network(): tf.LayersModel {
  const image = tf.input({ shape: [null, null, 3] });
  const stem = through(image, conv("stem", 8, 3), relu(), apart(maxPool2d({ kernelSize: 3, strides: 2, padding: 1 })));
  const wide = through(stem, conv("wide", 16, 1), layers.reLU({ maxValue: 6 }));
  const deep = through(wide, layers.depthwiseConv2d({ name: "deep", kernelSize: 3, padding: "same" }), relu());
  const narrow = apply(conv("narrow", 8, 1), deep);
  const sum = apply(layers.add(), [stem, narrow]);
  const grouped = through(
    sum,
    apart(conv2d({ name: "grouped", filters: 8, kernelSize: 3, padding: 1, groups: 2 })),
    relu(),
  );
  const pooled = apply(layers.maxPooling2d({ poolSize: 2, strides: 1, padding: "same" }), sum);
  const both = apply(layers.concatenate(), [grouped, pooled]);
  const gate = through(both, conv("gate", 16, 1), layers.activation({ activation: "sigmoid" }));
  const gated = through(apply(layers.multiply(), [gate, both]), conv("mixed", 12, 3), relu());
  return filled(tf.model({ inputs: image, outputs: apply(conv("scores", 5, 1), gated) }));
}

const apart = (layer: tf.layers.Layer) => layer;

function* photos(n = 50, shape = [1, 20, 28, 3]) {
  for (let i = 0; i < n; i++) {
    yield { data: Float32Array.from(uniform(`photo ${i}`, count(shape), (u) => 4 * u - 2)), shape };
  }
}

const runScores = async (file: Uint8Array, feeds: Record<string, ort.Tensor>, options = {}) => {
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 4, ...options });
  const results = await session.run(feeds);
  await session.release();
  return results[session.outputNames[0]!]!;
};

/** A photo that nothing was calibrated with. */
const feedOf = (i: number, shape = [1, 40, 56, 3]) => ({
  data: Float32Array.from(uniform(`other ${i}`, count(shape), (u) => 4 * u - 2)),
  shape,
});

/** Root of the mean square of the differences, relative to that of the expected values. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let [error, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(error / size);
}

const decoded = (file: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, file);
const floats = ({ rawData }: { rawData: Uint8Array }) => new Float32Array(rawData.slice().buffer);

describe("int8", () => {
  let model: tf.LayersModel;
  let calibration: Calibration;
  const int8 = (options: Int8Options = {}) => toInt8Onnx(model, calibration, { layout: "nhwc", ...options });

  beforeAll(async () => {
    await tf.setBackend("cpu");
    model = network();
    calibration = await calibrate(model, photos());
  });
  afterAll(() => model.dispose());

  it("is calibrated with the averages of what TF.js finds to be the least and largest values.", async () => {
    const watched = ["narrow", "gate", "mixed"];
    const inner = tf.model({
      inputs: model.inputs,
      outputs: watched.map((name) => model.getLayer(name).output as tf.SymbolicTensor),
    });
    const expected = watched.map(() => [0, 0]);
    for (const { data, shape } of photos()) {
      tf.tidy(() => {
        const all = inner.predict(tf.tensor(data, shape)) as tf.Tensor[];
        for (const [i, y] of all.entries()) {
          expected[i]![0]! += y.min().dataSync()[0]! / 50;
          expected[i]![1]! += y.max().dataSync()[0]! / 50;
        }
      });
    }
    const rangeOf = (name: string) => {
      const [key] = Object.keys(calibration.ranges).filter((tensor) => tensor.startsWith(`${name}/`));
      return calibration.ranges[key!]!;
    };
    // The ReLU after `mixed` is watched in its place, and `scores`' input.
    expect(calibration.photos).toBe(50);
    for (const [i, name] of ["narrow", "gate"].entries()) {
      for (const side of [0, 1]) expect(rangeOf(name)[side]).toBeCloseTo(expected[i]![side]!, 4);
    }
    const positive = Object.values(calibration.ranges).filter(([min]) => min === 0);
    expect(positive.length).toBeGreaterThan(2);
  });

  it("gives the scores of float32 to within three percent, at sizes and batches that it was not calibrated with.", async () => {
    const float32 = toOnnx(model, { layout: "nhwc" }).bytes();
    for (const options of [{}, { fullRange: true }]) {
      const file = int8(options).bytes();
      for (const [i, shape] of [
        [1, 40, 56, 3],
        [2, 33, 47, 3],
      ].entries()) {
        const { data } = feedOf(i, shape);
        const feed = { image: new ort.Tensor("float32", data, shape) };
        const [actual, expected] = [await runScores(file, feed), await runScores(float32, feed)];
        expect(actual.dims).toEqual(expected.dims);
        const error = relativeError(actual.data as Float32Array, expected.data as Float32Array);
        expect(error).toBeGreaterThan(0);
        expect(error).toBeLessThan(0.03);
      }
    }
  });

  it("is the same with and without ONNX Runtime's optimizations, but for rounding.", async () => {
    const { data, shape } = feedOf(3);
    const feed = { image: new ort.Tensor("float32", data, shape) };
    const [all, none] = await Promise.all(
      ["all", "disabled"].map((graphOptimizationLevel) => runScores(int8().bytes(), feed, { graphOptimizationLevel })),
    );
    expect(relativeError(all!.data as Float32Array, none!.data as Float32Array)).toBeLessThan(0.01);
  });

  it("is so where a dense layer or a convolution of few channels lies between convolutions, too.", async () => {
    const image = tf.input({ shape: [null, null, 3] });
    const few = through(image, conv("first", 6, 3), relu(), conv("few", 2, 3), relu(), conv("wide", 8, 3), relu());
    const dense = through(few, layers.dense({ name: "dense", units: 8 }), relu(), conv("next", 8, 3), relu());
    const own = filled(tf.model({ inputs: image, outputs: apply(conv("last", 5, 1), dense) }));
    const file = toInt8Onnx(own, await calibrate(own, photos()), { layout: "nhwc" }).bytes();
    const { data, shape } = feedOf(4);
    const feed = { image: new ort.Tensor("float32", data, shape) };
    const [all, none] = await Promise.all(
      ["all", "disabled"].map((graphOptimizationLevel) => runScores(file, feed, { graphOptimizationLevel })),
    );
    expect(relativeError(all!.data as Float32Array, none!.data as Float32Array)).toBeLessThan(0.01);
  });

  it("becomes convolutions, sums, pooling and concatenation of bytes in ONNX Runtime, all but the first and the last convolution.", async () => {
    const folder = await mkdtemp(join(tmpdir(), "seg-int8-"));
    try {
      const path = join(folder, "optimized.onnx");
      const session = await ort.InferenceSession.create(int8().bytes(), {
        optimizedModelFilePath: path,
        logSeverityLevel: 4,
      });
      await session.release();
      const { graph } = decoded(await readFile(path));
      const kinds = graph!.node.map(({ opType }) => opType);
      const number = (...names: string[]) => kinds.filter((kind) => names.includes(kind)).length;
      expect(number("QLinearConv")).toBe(6);
      expect(number("Conv", "FusedConv")).toBe(2);
      expect(number("QLinearAdd")).toBe(1);
      expect(number("QLinearConcat")).toBe(1);
      expect(number("Relu", "Clip")).toBe(0);
      const pooled = graph!.node.filter(({ opType }) => opType === "MaxPool");
      const bytes = new Set(
        graph!.node.filter(({ opType }) => /^QLinear|^Quantize/.test(opType)).flatMap(({ output }) => output),
      );
      const transposed = new Map(
        graph!.node
          .filter(({ opType }) => opType === "Transpose" || opType === "MaxPool")
          .map(({ input, output }) => [output[0]!, input[0]!]),
      );
      const source = (tensor: string): string => (transposed.has(tensor) ? source(transposed.get(tensor)!) : tensor);
      expect(pooled.filter(({ input }) => bytes.has(source(input[0]!))).length).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("stores filters as int8, biases as int32, of each channel's own scale, and a file a quarter as large.", () => {
    const { graph } = decoded(int8({ fullRange: true }).bytes());
    const constants = new Map(graph!.initializer.map((one) => [one.name, one]));
    const filters = graph!.initializer.filter(
      ({ dataType, dims }) => dataType === TensorProto_DataType.INT8 && dims.length === 4,
    );
    expect(filters.map(({ name }) => name.split(".")[0]).sort()).toEqual([
      "deep",
      "gate",
      "grouped",
      "mixed",
      "narrow",
      "wide",
    ]);
    const node = (tensor: string) => graph!.node.find(({ output }) => output.includes(tensor))!;
    for (const one of graph!.node.filter(({ opType }) => opType === "Conv")) {
      const [x, filter, bias] = one.input.map((tensor) => node(tensor));
      if (filter === undefined) continue;
      const [whole, scales] = filter.input.map((name) => constants.get(name)!);
      const layer = model.getLayer(whole!.name.split(".")[0]!);
      const [kernel, ownBias] = layer.getWeights().map((weight) => weight.arraySync()) as [number[][][][], number[]];
      const steps = floats(scales!);
      const [outputs, channels, height, width] = whole!.dims.map(Number) as [number, number, number, number];
      const bytes = new Int8Array(whole!.rawData.slice().buffer);
      for (let o = 0, i = 0; o < outputs; o++) {
        for (let c = 0; c < channels; c++) {
          for (let h = 0; h < height; h++) {
            for (let w = 0; w < width; w++) {
              const row = kernel[h]![w]!;
              const value = layer.name === "deep" ? row[o]![0]! : row[c]![o]!;
              expect(Math.abs(bytes[i++]! * steps[o]! - value)).toBeLessThanOrEqual(0.5001 * steps[o]!);
            }
          }
        }
      }
      const inputScale = floats(constants.get(x!.input[1]!)!)[0]!;
      const [wholeBias, biasScales] = bias!.input.map((name) => constants.get(name)!);
      const sums = new Int32Array(wholeBias!.rawData.slice().buffer);
      for (const [o, scale] of floats(biasScales!).entries()) {
        expect(scale).toBe(Math.fround(steps[o]! * inputScale));
        expect(Math.abs(sums[o]! * scale - ownBias[o]!)).toBeLessThanOrEqual(0.5001 * scale);
      }
    }
  });

  it("pools bytes as they are: to the range of what is pooled.", () => {
    const { graph } = decoded(int8().bytes());
    const constants = new Map(graph!.initializer.map((one) => [one.name, one.rawData]));
    const stepsOf = (node: { input: string[] }) => node.input.slice(1).map((name) => constants.get(name));
    const pooling = graph!.node.filter(({ opType }) => opType === "MaxPool");
    const onBytes = pooling.flatMap(({ input, output }) => {
      const before = graph!.node.find((node) => node.opType === "DequantizeLinear" && node.output[0] === input[0]);
      const after = graph!.node.find((node) => node.opType === "QuantizeLinear" && node.input[0] === output[0]);
      return before && after ? [[stepsOf(before), stepsOf(after)]] : [];
    });
    expect(onBytes.length).toBe(1);
    for (const [before, after] of onBytes) expect(after).toEqual(before);
  });

  it("keeps sums of two products of bytes within 16 bits, unless the full range is asked for; single channels need no such care.", () => {
    const largest = (options: Int8Options) => {
      const { graph } = decoded(int8(options).bytes());
      const filters = graph!.initializer.filter(
        ({ dataType, dims }) => dataType === TensorProto_DataType.INT8 && dims.length === 4,
      );
      const most = filters.map(({ name, rawData }): [string, number] => [
        name.split(".")[0]!,
        Math.max(...Array.from(new Int8Array(rawData.slice().buffer), Math.abs)),
      ]);
      return Object.fromEntries(most);
    };
    const { deep, ...others } = largest({});
    expect(deep).toBe(127);
    for (const most of Object.values(others)) expect(2 * 255 * most).toBeLessThanOrEqual(32_767);
    expect(Object.values(largest({ fullRange: true }))).toEqual(Array(6).fill(127));
  });

  it("takes bytes and gives labels like the file in float32, in either layout.", async () => {
    const input = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
    for (const layout of ["nhwc", "nchw"] as const) {
      const dims = layout === "nhwc" ? [1, 24, 32, 3] : [1, 3, 24, 32];
      const bytes = Uint8Array.from(uniform("bytes", count(dims), (u) => 256 * u));
      const feed = { image: new ort.Tensor("uint8", bytes, dims) };
      const form = { layout, input, output: "labels" } as const;
      const [actual, expected] = [
        await runScores(int8(form).bytes(), feed),
        await runScores(toOnnx(model, form).bytes(), feed),
      ];
      expect(actual.type).toBe("uint8");
      expect(actual.dims).toEqual([1, 24, 32]);
      const truth = expected.data as Uint8Array;
      const same = (actual.data as Uint8Array).filter((label, i) => label === truth[i]).length;
      expect(new Set(truth).size).toBeGreaterThan(1);
      expect(same / truth.length).toBeGreaterThan(0.97);
    }
  });

  it("runs where float32 files do.", async () => {
    const network = await onnxInference(int8().bytes(), { numClasses: 5 });
    const [scores] = await network.run(feedOf(1));
    expect(scores!.shape).toEqual([1, 20, 28, 5]);
    await network.dispose();
  });

  it("says beforehand how long the file is.", () => {
    const file = int8();
    expect(file.bytes().length).toBe(file.byteLength);
    expect([...file.chunks()].reduce((sum, { length }) => sum + length, 0)).toBe(file.byteLength);
  });

  it("refuses options that there are not, and float16 beside int8.", () => {
    expect(() => int8({ fulRange: true } as never)).toThrow(/^Expected .* received fulRange/);
    expect(() => int8({ half: true } as never)).toThrow(/half to be left out/);
  });

  it("refuses the calibration of another network, by the tensor whose range it lacks.", () => {
    const { ranges } = calibration;
    const [first, ...others] = Object.entries(ranges);
    expect(() => toInt8Onnx(model, { photos: 50, ranges: Object.fromEntries(others) })).toThrow(
      expect.objectContaining({ code: "option", message: expect.stringContaining(first![0]) }),
    );
    expect(() => toInt8Onnx(model, { photos: 50, ranges: { ...ranges, [first![0]]: [Number.NaN, 1] } })).toThrow(
      expect.objectContaining({ code: "option" }),
    );
  });
});

describe("a calibration", () => {
  let model: tf.LayersModel;
  beforeAll(async () => {
    await tf.setBackend("cpu");
    model = network();
  });
  afterAll(() => model.dispose());

  it.each([0, 1, 49])("of %i photos is refused, with their number.", async (n) => {
    await expect(calibrate(model, photos(n))).rejects.toMatchObject({
      code: "option",
      message: `Expected at least 50 photos to calibrate with but received ${n}.`,
      data: { received: n },
    });
  });

  it("takes photos as they come, of different sizes, in batches, which count as what they hold.", async () => {
    const seen: number[] = [];
    async function* mixed() {
      yield* photos(10, [4, 16, 16, 3]);
      yield* photos(10, [1, 9, 31, 3]);
    }
    const { photos: all } = await calibrate(model, mixed(), { threads: 1, onPhotos: (done) => seen.push(done) });
    expect(all).toBe(50);
    expect(seen.slice(0, 2)).toEqual([4, 8]);
    expect(seen.at(-1)).toBe(50);
  });

  it("gives equal photos the same ranges one by one and in batches.", async () => {
    const [{ data, shape }] = [...photos(1)] as [{ data: Float32Array; shape: number[] }];
    const copies = (n: number) => ({
      data: Float32Array.from({ length: n * data.length }, (_, i) => data[i % data.length]!),
      shape: [n, ...shape.slice(1)],
    });
    const apart = await calibrate(model, Array(50).fill({ data, shape }));
    const together = await calibrate(model, [copies(1), copies(47), copies(2)]);
    for (const [tensor, range] of Object.entries(apart.ranges)) {
      for (const side of [0, 1]) expect(together.ranges[tensor]![side]).toBeCloseTo(range[side]!, 4);
    }
  });

  it("stops when it is told to.", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const onPhotos = (done: number) => {
      seen.push(done);
      if (done === 3) stop.abort(new Error("enough"));
    };
    await expect(calibrate(model, photos(), { signal: stop.signal, onPhotos })).rejects.toThrow("enough");
    expect(seen).toEqual([1, 2, 3]);
  });

  it("refuses a photo of another shape than the network takes.", async () => {
    for (const [shape, n] of [
      [[1, 8, 8, 4], 256],
      [[8, 8, 3], 192],
      [[1, 8, 8, 3], 191],
    ] as const) {
      await expect(calibrate(model, [{ data: new Float32Array(n), shape }])).rejects.toMatchObject({ code: "shape" });
    }
  });

  it("refuses a network whose values are not finite, naming the tensor.", async () => {
    const broken = network();
    const [kernel, bias] = broken.getLayer("wide").getWeights();
    broken.getLayer("wide").setWeights([tf.fill(kernel!.shape, Number.NaN), bias!]);
    await expect(calibrate(broken, photos())).rejects.toMatchObject({
      code: "model",
      message: expect.stringMatching(/^Expected a network whose values are finite but .* holds NaN/),
    });
  });

  it("refuses a network without a convolution between its first and its last.", async () => {
    const image = tf.input({ shape: [null, null, 3] });
    const short = filled(
      tf.model({ inputs: image, outputs: through(image, conv("first", 4, 3), relu(), conv("last", 4, 3)) }),
    );
    await expect(calibrate(short, photos())).rejects.toMatchObject({ code: "model" });
  });
});

describe("int8 of unusual weights", () => {
  /** A network whose middle convolution has the given weights. */
  function around(change: (kernel: Float32Array, bias: Float32Array) => void, more = {}): tf.LayersModel {
    const image = tf.input({ shape: [null, null, 3] });
    const middle = conv("middle", 6, 3, more);
    const y = through(image, conv("first", 4, 3), relu(), middle, conv("last", 3, 1));
    const model = filled(tf.model({ inputs: image, outputs: y }));
    const [kernel, bias] = middle.getWeights();
    const [k, b] = [kernel!.dataSync().slice() as Float32Array, bias!.dataSync().slice() as Float32Array];
    change(k, b);
    middle.setWeights([tf.tensor(k, kernel!.shape), tf.tensor(b, bias!.shape)]);
    return model;
  }

  const channel = (kernel: Float32Array, o: number, map: (value: number) => number) => {
    for (let i = o; i < kernel.length; i += 6) kernel[i] = map(kernel[i]!);
  };

  it.each<[string, Parameters<typeof around>]>([
    ["a channel of zeros", [(kernel) => channel(kernel, 2, () => 0)]],
    [
      "a channel of zeros without a bias",
      [
        (kernel, bias) => {
          channel(kernel, 2, () => 0);
          bias[2] = 0;
        },
      ],
    ],
    [
      "a channel whose weights vanish beside its bias",
      [
        (kernel, bias) => {
          channel(kernel, 1, (value) => value * 1e-20);
          bias[1] = 2;
        },
      ],
    ],
    ["a channel of one value", [(kernel) => channel(kernel, 3, () => 0.25)]],
    ["a channel of negative values", [(kernel) => channel(kernel, 3, (value) => -Math.abs(value))]],
    ["nothing but zeros", [(kernel, bias) => void [kernel.fill(0), bias.fill(0)]]],
    ["a ReLU that nothing passes", [(_, bias) => void bias.fill(-100), { activation: "relu" }]],
    ["only positive results", [(_, bias) => void bias.fill(30)]],
    ["only negative results", [(_, bias) => void bias.fill(-30)]],
  ])("%s gives float32's scores to within three percent.", async (_, [change, more]) => {
    await tf.setBackend("cpu");
    const model = around(change, more);
    const calibration = await calibrate(model, photos());
    const { data, shape } = feedOf(5);
    const feed = { image: new ort.Tensor("float32", data, shape) };
    const expected = await runScores(toOnnx(model, { layout: "nhwc" }).bytes(), feed);
    const actual = await runScores(toInt8Onnx(model, calibration, { layout: "nhwc" }).bytes(), feed);
    expect(relativeError(actual.data as Float32Array, expected.data as Float32Array)).toBeLessThan(0.03);
  });
});

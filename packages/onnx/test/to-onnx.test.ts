import { conv2d, LayersError } from "@seg/layers";
import { resizeBilinear } from "@seg/layers/ops";
import { describeEngines, thrown } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { OnnxError, type OnnxFile, type OnnxOptions, toOnnx } from "../src/index.ts";
import { onnxModel } from "../src/to-onnx.ts";
import { apply } from "./bodies.ts";
import { channelsFirst, expectClose, filled, madeUp, predict } from "./compare.ts";
import { float32, int64, run, uint8 } from "./run.ts";

const { layers } = tf;

/** Scores of classes at half the image's size, and others at a third. */
function segmenter({ classes = 6, channels = 3, second = false } = {}): tf.LayersModel {
  const image = tf.input({ shape: [null, null, channels] });
  const scores = (strides: number) =>
    apply(layers.conv2d({ filters: classes, kernelSize: 3, strides, padding: "same" }), image);
  return filled(tf.model({ inputs: image, outputs: second ? [scores(2), scores(3)] : scores(2) }));
}

/** Scores of classes of the whole image. */
function classifier(classes = 6): tf.LayersModel {
  const image = tf.input({ shape: [null, null, 3] });
  const y = apply(layers.globalAveragePooling2d({}), apply(layers.conv2d({ filters: 8, kernelSize: 3 }), image));
  return filled(tf.model({ inputs: image, outputs: apply(layers.dense({ units: classes }), y) }));
}

/** Scores of classes of each step of a sequence of three numbers. */
function sequences(): tf.LayersModel {
  const x = tf.input({ shape: [null, 3] });
  return filled(tf.model({ inputs: x, outputs: apply(layers.dense({ units: 4 }), x) }));
}

const SHAPE: [number, number, number, number] = [2, 11, 14, 3];

/** Bytes of an image, batch first and channels last. */
const bytesOf = (shape: readonly number[]) => madeUp("bytes", shape).map((x) => Math.floor((x + 1) * 128));

/** Values `[batch, height, width, channels]` and their shape in a layout. */
function inLayout(x: tf.Tensor, layout: OnnxOptions["layout"]) {
  const y = tf.tidy(() => (layout === "nhwc" ? x.clone() : channelsFirst(x)));
  const values = { data: y.dataSync(), dims: y.shape };
  y.dispose();
  return values;
}

const image = (layout: OnnxOptions["layout"] = "nchw") => {
  const x = pixels();
  const { data, dims } = inLayout(x, layout);
  x.dispose();
  return float32(data, dims);
};

/** Labels and what they are expected to be may differ where two classes are as good as one. */
function expectSameLabels(labels: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(labels.length).toBe(expected.length);
  let different = 0;
  for (let i = 0; i < expected.length; i++) if (labels[i] !== expected[i]) different++;
  expect(new Set(Array.from(expected)).size).toBeGreaterThan(1);
  expect(different / expected.length).toBeLessThan(0.005);
}

const pixels = () => tf.tensor4d(madeUp("image", SHAPE), SHAPE);

const LAYOUTS = ["nchw", "nhwc"] as const;

describeEngines("an ONNX file", () => {
  it("takes RGB bytes and normalizes them as one does by hand, in either order and range of the channels", async () => {
    const model = segmenter();
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const bytes = bytesOf(SHAPE);
    for (const layout of LAYOUTS) {
      for (const range of [1, 255] as const) {
        for (const channels of ["rgb", "bgr"] as const) {
          const scaled = { mean: mean.map((m) => m * range), std: std.map((s) => s * range) };
          const file = toOnnx(model, { layout, input: { ...scaled, range, channels } });
          const [x, expected] = tf.tidy(() => {
            const rgb = tf.tensor(bytes, SHAPE);
            const ordered = channels === "bgr" ? rgb.reverse(3) : rgb;
            const normalized = ordered
              .mul(range / 255)
              .sub(scaled.mean)
              .div(scaled.std);
            return [inLayout(rgb, layout), inLayout(predict(model, normalized)[0]!, layout)];
          });
          const [scores] = await run(file, { image: uint8(x.data, x.dims) });
          expectClose(scores!.data, expected.data, 1e-5);
        }
      }
    }
    model.dispose();
  });

  it("gives probabilities, which are the softmax of scores resized to the image", async () => {
    for (const model of [segmenter(), segmenter({ second: true })]) {
      for (const layout of LAYOUTS) {
        const x = image(layout);
        for (const size of [undefined, "network", "input"] as const) {
          const expected = tf.tidy(() =>
            predict(model, pixels()).map((y) =>
              inLayout(tf.softmax(size === "network" ? y : resizeBilinear(y as tf.Tensor4D, [11, 14])), layout),
            ),
          );
          const results = await run(toOnnx(model, { layout, output: "probabilities", size }), { image: x });
          expect(results.map(({ dims }) => dims)).toEqual(expected.map(({ dims }) => dims));
          for (const [i, { data }] of results.entries()) expectClose(data, expected[i]!.data, 1e-5);
        }
      }
      model.dispose();
    }
  });

  it("gives labels, also those of two outputs, and of a size that is given", async () => {
    const model = segmenter({ second: true });
    const given = [17, 9] as [number, number];
    for (const layout of LAYOUTS) {
      for (const size of [undefined, "network", "given"] as const) {
        const file = toOnnx(model, { layout, output: "labels", size });
        expect(file.inputs).toEqual(size === "given" ? ["image", "size"] : ["image"]);
        expect(file.outputs).toEqual(["labels_0", "labels_1"]);
        const expected = tf.tidy(() =>
          predict(model, pixels()).map((y) => {
            const to = size === "given" ? given : ([11, 14] as [number, number]);
            const labels = tf.argMax(size === "network" ? y : resizeBilinear(y as tf.Tensor4D, to), 3);
            return { data: labels.dataSync(), dims: labels.shape };
          }),
        );
        const results = await run(file, { image: image(layout), ...(size === "given" && { size: int64(given) }) });
        for (const [i, { type, dims, data }] of results.entries()) {
          expect(type).toBe("uint8");
          expect(dims).toEqual(expected[i]!.dims);
          expectSameLabels(data, expected[i]!.data);
        }
      }
    }
    model.dispose();
  });

  it("gives logits of the image's size, and of another with each run, if asked", async () => {
    const model = segmenter();
    for (const layout of LAYOUTS) {
      const resized = ([height, width]: number[]) =>
        tf.tidy(() => {
          const [y] = predict(model, pixels());
          return inLayout(resizeBilinear(y as tf.Tensor4D, [height!, width!]), layout);
        });
      const given = toOnnx(model, { layout, size: "given" });
      for (const size of [
        [1, 1],
        [33, 5],
      ]) {
        const [scores] = await run(given, { image: image(layout), size: int64(size) });
        expectClose(scores!.data, resized(size).data, 1e-5);
      }
      const [scores] = await run(toOnnx(model, { layout, size: "input" }), { image: image(layout) });
      expect(scores!.dims).toEqual(resized([11, 14]).dims);
      expectClose(scores!.data, resized([11, 14]).data, 1e-5);
    }
    model.dispose();
  });

  it("gives probabilities and labels of a whole image, for which there is no size", async () => {
    const model = classifier();
    const probabilities = tf.tidy(() => tf.softmax(predict(model, pixels())[0]!).arraySync() as number[][]);
    const [all] = await run(toOnnx(model, { output: "probabilities" }), { image: image() });
    expectClose(all!.data, probabilities.flat(), 1e-5);
    const [labels] = await run(toOnnx(model, { output: "labels" }), { image: image() });
    expect(labels!.dims).toEqual([2]);
    expect([...labels!.data]).toEqual(probabilities.map((row) => row.indexOf(Math.max(...row))));
    model.dispose();
  });

  it("gives labels of each step of a sequence", async () => {
    const model = sequences();
    const values = madeUp("sequence", [2, 5, 3]);
    const expected = tf.tidy(() => tf.argMax(predict(model, tf.tensor3d(values, [2, 5, 3]))[0]!, 2).dataSync());
    for (const layout of LAYOUTS) {
      const file = toOnnx(model, { layout, output: "labels" });
      const [labels] = await run(file, { image: float32(values, [2, 5, 3]) });
      expect(labels!.dims).toEqual([2, 5]);
      expect([...labels!.data]).toEqual([...expected]);
    }
    model.dispose();
  });

  it("has labels of int32 where a byte cannot hold them", async () => {
    for (const [classes, type] of [
      [256, "uint8"],
      [257, "int32"],
      [300, "int32"],
    ] as const) {
      const model = segmenter({ classes });
      const expected = tf.tidy(() => {
        const [y] = predict(model, pixels());
        return tf.argMax(resizeBilinear(y as tf.Tensor4D, [11, 14]), 3).dataSync();
      });
      expect(Math.max(...expected)).toBeGreaterThan(240);
      const [labels] = await run(toOnnx(model, { output: "labels" }), { image: image() });
      expect(labels!.type).toBe(type);
      expectSameLabels(labels!.data, expected);
      model.dispose();
    }
  });

  it("with half is half as large, and gives what weights rounded to float16 give", async () => {
    const model = (() => {
      const x = tf.input({ shape: [null, null, 3] });
      const y = apply(layers.conv2d({ filters: 64, kernelSize: 3, strides: 2 }), x);
      return filled(tf.model({ inputs: x, outputs: apply(layers.conv2d({ filters: 32, kernelSize: 3 }), y) }));
    })();
    const [half, whole] = [true, false].map((half) => toOnnx(model, { half })) as [OnnxFile, OnnxFile];
    expect(half.byteLength / whole.byteLength).toBeLessThan(0.52);
    const [expected] = await run(whole, { image: image() });
    const [scores] = await run(half, { image: image() });
    // float16 has 11 bits; that many roundings average out.
    expectClose(scores!.data, expected!.data, 2 ** -10);
    expect(thrown(() => expectClose(scores!.data, expected!.data, 1e-7))).toBeInstanceOf(Error);
    model.dispose();
  });

  it("with half refuses a weight that float16 cannot hold, by name", () => {
    const model = segmenter({ classes: 64 });
    tf.tidy(() => model.setWeights(model.weights.map((weight) => weight.read().mul(1e6))));
    const file = toOnnx(model, { half: true });
    expect(() => file.bytes()).toThrow(OnnxError);
    expect(() => file.bytes()).toThrow(
      expect.objectContaining({ code: "option", data: { option: "half", received: true } }),
    );
    expect(() => file.bytes()).toThrow(/\.weight/);
    model.dispose();
  });

  it("takes weights from elsewhere, in PyTorch's order, where there are some", async () => {
    const x = tf.input({ shape: [null, null, 3] });
    const model = filled(
      tf.model({ inputs: x, outputs: apply(conv2d({ filters: 4, kernelSize: [1, 2], name: "c" }), x) }),
    );
    const kernel = madeUp("kernel", [4, 3, 1, 2]);
    const file = toOnnx(model, {
      weights: (variable) => (variable.originalName === "c/kernel" ? kernel : undefined),
    });
    const [scores] = await run(file, { image: image() });
    const expected = tf.tidy(() => {
      const filter = tf.tensor(kernel, [4, 3, 1, 2]).transpose([2, 3, 1, 0]) as tf.Tensor4D;
      return inLayout(tf.conv2d(pixels(), filter, 1, "valid").add(model.weights[1]!.read()), "nchw");
    });
    expectClose(scores!.data, expected.data, 1e-5);
    model.dispose();
  });

  it("holds its metadata", () => {
    const model = segmenter();
    const { model: written } = onnxModel(model, { metadata: { classes: "wall, sky", größe: "5" } });
    expect(written.metadataProps).toEqual([
      { key: "classes", value: "wall, sky" },
      { key: "größe", value: "5" },
    ]);
    expect(new TextDecoder().decode(toOnnx(model, { metadata: { classes: "wall, sky" } }).bytes())).toContain(
      "wall, sky",
    );
    model.dispose();
  });

  it("refuses what there is not, with the nearest name", () => {
    const model = segmenter();
    const images = { mean: [0, 0, 0], std: [1, 1, 1] };
    for (const [options, data] of [
      [{ layuot: "nchw" }, { option: "layuot", nearest: "layout" }],
      [{ output: "label" }, { option: "output", received: "label", nearest: "labels" }],
      [{ layout: "nwhc" }, { option: "layout", received: "nwhc", nearest: "nchw" }],
      [{ size: "inputs" }, { option: "size", received: "inputs", nearest: "input" }],
      [{ size: "" }, { option: "size" }],
      [{ half: 16 }, { option: "half", received: 16 }],
      [{ metadata: { classes: 150 } }, { option: "metadata" }],
      [{ metadata: null }, { option: "metadata" }],
      [{ input: "uint8" }, { option: "input", received: "uint8" }],
      [{ input: null }, { option: "input" }],
      [{ input: { ...images, mean: [0, 0] } }, { option: "mean" }],
      [{ input: { ...images, std: [1, 0, 1] } }, { option: "std" }],
      [{ input: { ...images, std: [1, Number.NaN, 1] } }, { option: "std" }],
      [{ input: { ...images, range: 256 } }, { option: "range", received: 256 }],
      [{ input: { ...images, channels: "bgra" } }, { option: "channels", nearest: "bgr" }],
      [{ input: { ...images, chanels: "bgr" } }, { option: "chanels", nearest: "channels" }],
    ] as const) {
      const error = thrown<OnnxError>(() => toOnnx(model, options as never));
      expect(error).toBeInstanceOf(OnnxError);
      expect(error).toMatchObject({ code: "option", data });
    }
    expect(thrown(() => toOnnx(model, { outputs: [1] }))).toMatchObject({
      code: "option",
      data: { option: "outputs" },
    });
    model.dispose();
  });

  it("refuses a form that the model cannot have", () => {
    const image = { mean: [0, 0, 0], std: [1, 1, 1] };
    for (const [model, options] of [
      [classifier(), { size: "input" }],
      [classifier(), { size: "given", output: "labels" }],
      [segmenter({ channels: 4 }), { input: image }],
      [sequences(), { input: image }],
      [sequences(), { size: "input", output: "probabilities" }],
    ] as const) {
      const option = Object.keys(options)[0];
      expect(thrown(() => toOnnx(model, options))).toMatchObject({ code: "option", data: { option } });
      model.dispose();
    }
  });
}, ["cpu"]);

describe("a model that cannot be written", () => {
  it("is refused by its layer's name, and nothing is read or written", () => {
    const x = tf.input({ shape: [8, 8, 3] });
    const refused: [tf.layers.Layer, string][] = [
      [layers.conv2dTranspose({ name: "up", filters: 2, kernelSize: 2 }), "Conv2DTranspose"],
      [layers.prelu({ name: "slopes" }), "PReLU"],
      [layers.softmax({ name: "rows", axis: 1 }), "Softmax"],
      [layers.batchNormalization({ name: "of_rows", axis: 1 }), "BatchNormalization"],
      [layers.conv2d({ name: "first", filters: 2, kernelSize: 1, dataFormat: "channelsFirst" }), "Conv2D"],
      [layers.maxPooling2d({ name: "pool", dataFormat: "channelsFirst" }), "MaxPooling2D"],
      [layers.flatten({ name: "flat", dataFormat: "channelsFirst" }), "Flatten"],
      [layers.activation({ name: "mish", activation: "mish" as never }), "Activation"],
    ];
    for (const [layer, received] of refused) {
      const model = tf.model({ inputs: x, outputs: apply(layer, x) });
      const weights = () => expect.fail("read");
      const error = thrown<LayersError>(() => toOnnx(model, { weights }));
      expect(error).toBeInstanceOf(LayersError);
      expect(error).toMatchObject({ code: "model", data: { layer: layer.name, received } });
      expect(error.message).toContain(layer.name);
      model.dispose();
    }
  });

  it("is refused if there is none, if it is of another kind, and if it was disposed", () => {
    for (const models of [[], undefined, null, "model.json", [{}], {}]) {
      expect(thrown(() => toOnnx(models as never))).toMatchObject({ name: "LayersError", code: "model" });
    }
    const model = segmenter();
    const file = toOnnx(model);
    model.dispose();
    for (const write of [() => file.bytes(), () => toOnnx(model).bytes()]) {
      expect(thrown(write)).toMatchObject({ name: "LayersError", code: "model" });
    }
  });
});

describe("the pieces of an ONNX file", () => {
  it("are the file, and none holds more than one weight", () => {
    const model = segmenter({ classes: 40, second: true });
    for (const options of [{}, { half: true }]) {
      const file = toOnnx(model, options);
      const chunks = [...file.chunks()];
      const bytes = file.bytes();
      expect(bytes.length).toBe(file.byteLength);
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
      const { initializers } = onnxModel(model, options);
      const sizes = initializers.map(({ byteLength }) => byteLength);
      expect(sizes.filter((size) => size === 40 * 27 * (options.half ? 2 : 4)).length).toBe(2);
      for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(Math.max(...sizes));
      // A second reading gives the same again.
      expect(Buffer.concat([...file.chunks()]).equals(bytes)).toBe(true);
    }
    model.dispose();
  });

  it("are read one by one as they are asked for", () => {
    const model = segmenter({ second: true });
    const read: string[] = [];
    const weights = ({ originalName }: tf.LayerVariable) => {
      read.push(originalName);
      return undefined;
    };
    const chunks = toOnnx(model, { weights }).chunks()[Symbol.iterator]();
    expect(read).toEqual([]);
    const counts = new Set<number>();
    for (let next = chunks.next(); !next.done; next = chunks.next()) counts.add(read.length);
    expect([...counts]).toEqual([0, 1, 2, 3, 4]);
    expect(read.length).toBe(4);
    model.dispose();
  });
});

import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { startEngine } from "@seg/backend";
import { buildEncoder } from "@seg/encoders";
import { adaptiveAvgPool2d, conv2d, inferenceModel } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { OnnxError, type OnnxSource, onnxInference, toOnnx } from "../src/index.ts";
import { checkVersion, missingRuntime } from "../src/inference/runtime.ts";
import { ModelProtoSchema } from "../src/proto/onnx_pb.ts";

let folder: string;

beforeAll(async () => {
  await startEngine("wasm");
  folder = await mkdtemp(join(tmpdir(), "seg-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A network of five classes; its scores are at half the image's size. */
function network(shape: (number | null)[] = [null, null, 3], filters = 5): tf.LayersModel {
  const image = tf.input({ shape });
  const y = conv2d({ filters, kernelSize: 3, strides: 2, padding: 1, seed: 1 }).apply(image) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: y, name: "network" });
}

const image = (height: number, width: number, batch = 1) => ({
  data: Float32Array.from({ length: batch * height * width * 3 }, (_, i) => Math.sin(i * 1.7)),
  shape: [batch, height, width, 3],
});

async function expectSame(source: OnnxSource, model: tf.LayersModel, x = image(9, 12), options = {}): Promise<void> {
  const ours = await onnxInference(source, options);
  const theirs = inferenceModel(model);
  try {
    const [own, expected] = [await ours.run(x), await theirs.run(x)];
    expect(own.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
    for (const [i, { data }] of own.entries()) {
      const values = expected[i]!.data;
      const bound = 1e-4 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(data.every((value, at) => Math.abs(value - values[at]!) <= bound)).toBe(true);
    }
  } finally {
    await ours.dispose();
    await theirs.dispose();
  }
}

describe("A network on ONNX Runtime", () => {
  it("gives what it gives on TF.js's engine, whatever its layout and wherever it comes from", async () => {
    const model = network();
    const file = join(folder, "network.onnx");
    await writeFile(file, toOnnx(model).chunks());
    const sources: OnnxSource[] = [
      model,
      [model],
      file,
      toOnnx(model).bytes(),
      toOnnx(model, { layout: "nhwc" }).bytes(),
    ];
    for (const source of sources) {
      await expectSame(source, model);
      await expectSame(source, model, image(7, 5, 2));
    }
    model.dispose();
  });

  it("tells the layout of scores by the number of classes, and of as many classes as there are channels by the image's", async () => {
    const model = network();
    await expectSame(toOnnx(model).bytes(), model, image(9, 12), { numClasses: 5 });
    // Scores [1, 5, 5, 6] look like either.
    await expectSame(toOnnx(model).bytes(), model, image(10, 12), { numClasses: 5 });
    await expectSame(toOnnx(model, { layout: "nhwc" }).bytes(), model, image(10, 12), { numClasses: 5 });
    model.dispose();
  });

  it("leaves the models and TF.js's memory alone, and no file behind where a model goes through one", async () => {
    const { model } = buildEncoder("resnet18", { seed: 1 });
    const before = [tf.memory().numTensors, (await temporary()).length];
    const read = vi.fn();
    const ours = await onnxInference(model, { onWeightsRead: read, threads: 1 });
    expect(read).toHaveBeenCalledOnce();
    expect([tf.memory().numTensors, (await temporary()).length]).toEqual(before);
    expect(ours.engine).toMatchObject({ package: "onnxruntime-node", provider: "cpu", threads: 1 });
    expect(ours.inputSize).toBeUndefined();
    await ours.dispose();
    await expectSame(model, model, image(33, 40));
    model.dispose();
  });

  it("takes weights from elsewhere", async () => {
    const model = network();
    const ours = await onnxInference(model, {
      weights: ({ shape }) => new Float32Array(shape[0]! * (shape[1] ?? 1) * (shape[2] ?? 1) * (shape[3] ?? 1)),
    });
    const [scores] = await ours.run(image(4, 4));
    expect(new Set(scores!.data)).toEqual(new Set([0]));
    await ours.dispose();
    model.dispose();
  });

  it("says which size it takes where that is one, and refuses others", async () => {
    const model = network([8, 6, 3]);
    const ours = await onnxInference(toOnnx(model).bytes());
    expect(ours.inputSize).toEqual([8, 6]);
    expect((await ours.run(image(8, 6)))[0]!.shape).toEqual([1, 4, 3, 5]);
    await expect(ours.run(image(6, 8))).rejects.toMatchObject({ code: "shape" });
    await expect(ours.run({ data: new Float32Array(5), shape: [1, 8, 6, 3] })).rejects.toMatchObject({ code: "shape" });
    await ours.dispose();
    model.dispose();
  });
});

describe("What is no such network", () => {
  const refusal = async (source: OnnxSource, options = {}) => {
    const error = await onnxInference(source, options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(OnnxError);
    expect((error as Error).message).not.toContain("\n");
    return error as OnnxError;
  };

  it("is refused: damaged files, other files, none", async () => {
    const model = network();
    const bytes = toOnnx(model).bytes();
    model.dispose();
    for (const [name, content] of Object.entries({
      "truncated.onnx": bytes.subarray(0, bytes.length / 2),
      "empty.onnx": new Uint8Array(0),
      "text.onnx": new TextEncoder().encode("this is no model"),
    })) {
      const file = join(folder, name);
      await writeFile(file, content);
      for (const source of [file, content]) expect(await refusal(source)).toMatchObject({ code: "model" });
      expect((await refusal(file)).message).toContain(file);
    }
    expect(await refusal(join(folder, "absent.onnx"))).toMatchObject({ code: "model" });
    expect(await refusal(folder)).toMatchObject({ code: "model" });
  });

  it("is refused: unknown operators, images of other types and shapes, scores that are none, several images", async () => {
    const model = network();
    const unwritten = (opType: string) => {
      const node = [{ opType, input: ["image"], output: ["y"], name: "odd" }];
      const io = (name: string, dims: number[]) => ({
        name,
        type: {
          value: {
            case: "tensorType" as const,
            value: {
              elemType: 1,
              shape: { dim: dims.map((n) => ({ value: { case: "dimValue" as const, value: BigInt(n) } })) },
            },
          },
        },
      });
      return toBinary(
        ModelProtoSchema,
        create(ModelProtoSchema, {
          irVersion: 8n,
          opsetImport: [{ domain: "", version: 17n }],
          graph: { name: "g", node, input: [io("image", [1, 3, 4, 4])], output: [io("y", [1, 3, 4, 4])] },
        }),
      );
    };
    expect(await refusal(unwritten("NoSuchOperator"))).toMatchObject({ code: "model" });
    expect((await refusal(unwritten("NoSuchOperator"))).message).toContain("NoSuchOperator");
    const pixels = { mean: [0, 0, 0], std: [1, 1, 1] };
    for (const options of [{ input: pixels }, { output: "labels" as const }, { size: "given" as const }]) {
      expect(await refusal(toOnnx(model, options).bytes())).toMatchObject({ code: "model" });
    }
    expect((await refusal(toOnnx(model).bytes(), { numClasses: 7 })).message).toContain("7 classes");
    const grey = network([null, null, 1]);
    expect(await refusal(toOnnx(grey).bytes())).toMatchObject({ code: "model" });
    for (const one of [model, grey]) one.dispose();
  });

  it("is refused: a classifier, once it gives one score for a large image", async () => {
    const image3 = tf.input({ shape: [null, null, 3] });
    const pooled = adaptiveAvgPool2d({ bins: 1 }).apply(image3) as tf.SymbolicTensor;
    const classifier = tf.model({
      inputs: image3,
      outputs: conv2d({ filters: 5, kernelSize: 1 }).apply(pooled) as tf.SymbolicTensor,
    });
    const ours = await onnxInference(toOnnx(classifier).bytes(), { numClasses: 5 });
    await expect(ours.run(image(130, 140))).rejects.toMatchObject({ code: "model" });
    await ours.dispose();
    classifier.dispose();
  });

  it("is refused: weights that are too few, images that are none, and a network that is disposed", async () => {
    const model = network();
    expect(() => toOnnx(model, { weights: () => new Float32Array(2) }).bytes()).toThrow(/Expected 135 float32 values/);
    expect(() => toOnnx(model, { weights: "x" as never })).toThrow(/a function for weights/);
    const ours = await onnxInference(model);
    for (const x of [
      undefined,
      null,
      {},
      { data: new Float32Array(3), shape: "abc" },
      { data: new Float32Array(0), shape: [1, -1, -1, 3] },
    ]) {
      await expect(ours.run(x as never)).rejects.toMatchObject({ code: "shape" });
    }
    await ours.dispose();
    await ours.dispose();
    await expect(ours.run(image(4, 4))).rejects.toMatchObject({ code: "runtime" });
    model.dispose();
  });

  it("is refused: options that there are not, sources that are none, providers that the package lacks", async () => {
    const model = network();
    expect(await refusal(model, { thread: 1 })).toMatchObject({ code: "option", data: { nearest: "threads" } });
    for (const threads of [0, -1, 1.5, Number.NaN])
      expect(await refusal(model, { threads })).toMatchObject({ code: "option" });
    expect(await refusal(model, { provider: "abacus" })).toMatchObject({ code: "runtime" });
    expect(await refusal(5 as unknown as string)).toMatchObject({ code: "option" });
    expect(await refusal(undefined as unknown as string)).toMatchObject({ code: "option" });
    model.dispose();
  });
});

describe("A runtime", () => {
  it("that is too old is refused, with the way out", () => {
    expect(() => checkVersion("onnxruntime-node", "1.19.2")).toThrow(/1\.20 or newer.*1\.19\.2.*npm install/);
    for (const version of ["1.20.0", "1.30.0", "2.0.0"]) checkVersion("onnxruntime-node", version);
  });

  it("that is not installed, or does not load, is told apart", () => {
    const absent = Object.assign(new Error("Cannot find package 'onnxruntime-node' imported from /a"), {
      code: "ERR_MODULE_NOT_FOUND",
    });
    expect(missingRuntime("onnxruntime-node", absent).message).toMatch(/is not installed.*npm install/);
    // In a page: the browser's words, Vite's for an optional peer, and those of the module itself where a bundler puts an empty one.
    for (const words of [
      "Failed to resolve module specifier 'onnxruntime-web'",
      'Could not resolve "onnxruntime-web" imported by "@seg/onnx". Is it installed?',
      "Cannot resolve 'onnxruntime-web'",
    ])
      expect(missingRuntime("onnxruntime-web", new Error(words)).message).toMatch(/is not installed.*npm install/);
    const broken = new Error("libonnxruntime.so.1: cannot open shared object file\nmore");
    expect(missingRuntime("onnxruntime-node", broken).message).toBe(
      "onnxruntime-node is installed but does not load here (libonnxruntime.so.1: cannot open shared object file)",
    );
  });
});

const temporary = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("seg-onnx-"));

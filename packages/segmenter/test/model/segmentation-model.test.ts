import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startEngine } from "@seg/backend";
import { loadWeightsInto, stateDictOf, writePth } from "@seg/checkpoint";
import { buildDecoder, DECODER_NAMES, type DecoderName } from "@seg/decoders";
import { unmetRequirement } from "@seg/decoders/requirements";
import { buildEncoder, ENCODER_NAMES, type EncoderName, FEATURE_INFO } from "@seg/encoders";
import { GroupedOptimizer, inferenceModel, sparseCrossEntropy, trainingModel } from "@seg/layers";
import { describeEngines, type Engine, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { IDBFactory } from "fake-indexeddb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildSegmentationModel, halvesOf } from "../../src/index.ts";

const photo = (height: number, width: number) =>
  tf.tensor4d(Float32Array.from(uniform("photo", height * width * 3, (u) => 4 * u - 2)), [1, height, width, 3]);

const numbers = (outputs: tf.Tensor | tf.Tensor[]) => [outputs].flat().map((tensor) => Array.from(tensor.dataSync()));

/** Saves a model in memory and loads it again. */
async function throughMemory(model: tf.LayersModel): Promise<tf.LayersModel> {
  let saved!: tf.io.ModelArtifacts;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
  return tf.loadLayersModel(tf.io.fromMemory(saved));
}

/** The ways in which users put an encoder and a decoder together. */
const WAYS: Record<string, () => tf.LayersModel> = {
  nested: () =>
    buildSegmentationModel({ encoder: "mobilenetv2dilated", decoder: "c1_deepsup", numClasses: 4, seed: 1 }),
  "joined by tf.model": () => {
    const encoder = buildEncoder("resnet18dilated", { seed: 1 });
    const { model } = buildDecoder("c1", encoder.featureInfo, { numClasses: 4, seed: 2 });
    const { inputs, outputs } = encoder.model;
    return tf.model({ inputs, outputs: model.apply(outputs) as tf.SymbolicTensor });
  },
};

// Saving is no matter of the engine, and plain JavaScript takes a minute for a pyramid.
const ENGINES = ["wasm", "tensorflow"] as const;

const describeModels = (engine: Engine) => {
  let before: number;
  beforeEach(() => {
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before);
  });

  for (const [way, build] of Object.entries(WAYS)) {
    it(`${way} gives the same after it was saved and loaded, by memory${engine === "tensorflow" ? " and files" : ""}`, async () => {
      const model = build();
      const folder = mkdtempSync(join(tmpdir(), "seg-model-"));
      try {
        const loaded = [await throughMemory(model)];
        if (engine === "tensorflow") {
          await model.save(pathToFileURL(folder).href);
          loaded.push(await tf.loadLayersModel(pathToFileURL(join(folder, "model.json")).href));
        }
        tf.tidy(() => {
          const x = photo(40, 48);
          const expected = numbers(model.predict(x) as tf.Tensor[]);
          for (const again of loaded) {
            expect(again.inputs.map(({ shape }) => shape)).toEqual(model.inputs.map(({ shape }) => shape));
            expect(numbers(again.predict(x) as tf.Tensor[])).toEqual(expected);
          }
          const inference = inferenceModel(loaded[0]!);
          const folded = numbers(inference.predict(x));
          inference.dispose();
          for (const [i, map] of expected.entries()) {
            const scale = Math.max(...map.map(Math.abs));
            for (const [k, value] of map.entries()) expect(Math.abs(folded[i]![k]! - value)).toBeLessThan(1e-4 * scale);
          }
        });
        for (const each of loaded) each.dispose();
      } finally {
        rmSync(folder, { recursive: true });
        model.dispose();
      }
    });
  }

  it("learns, whole, and gives its halves' weights to checkpoints", async () => {
    const model = WAYS.nested!();
    const training = trainingModel(model);
    const optimizer = new GroupedOptimizer([{ variables: training.variables, learningRate: 0.01 }], {
      name: "sgd",
      momentum: 0.9,
    });
    const x = tf.tidy(() => tf.concat([photo(32, 32), photo(32, 32).reverse(2)]));
    const labels = tf.tensor3d(Int32Array.from(uniform("labels", 32, (u) => Math.floor(4 * u))), [2, 4, 4], "int32");
    const losses = [];
    for (let step = 0; step < 4; step++) {
      const { loss, gradients } = training.gradients(x, ([scores]) => sparseCrossEntropy(scores!, labels));
      losses.push(loss.dataSync()[0]!);
      optimizer.applyGradients(gradients);
      tf.dispose([loss, gradients]);
    }
    expect(losses[3]).toBeLessThan(losses[0]!);
    optimizer.dispose();

    const folder = mkdtempSync(join(tmpdir(), "seg-halves-"));
    const other = WAYS.nested!();
    for (const half of ["encoder", "decoder"] as const) {
      const file = join(folder, `${half}.pth`);
      await writePth(file, await stateDictOf(halvesOf(model)[half]));
      await loadWeightsInto(halvesOf(other)[half], file);
    }
    rmSync(folder, { recursive: true });
    tf.tidy(() => {
      expect(numbers(other.predict(x) as tf.Tensor[])).toEqual(numbers(model.predict(x) as tf.Tensor[]));
    });
    tf.dispose([x, labels]);
    model.dispose();
    other.dispose();
  });
};
describeEngines("A segmentation model", describeModels, ENGINES);

describe("Every encoder and decoder", () => {
  beforeAll(() => tf.setBackend("cpu"));
  // The graph does not depend on the depth of a network's stages.
  const encoders = ENCODER_NAMES.filter((name) => !/resnet50|resnet101|resnext101/.test(name));
  const fits = (encoder: EncoderName, decoder: DecoderName) => !unmetRequirement(decoder, FEATURE_INFO[encoder]);
  const pairs = [
    ...encoders.map((encoder) => ({ encoder, decoder: "c1" as const })),
    ...DECODER_NAMES.map((decoder) => ({ encoder: encoders.find((encoder) => fits(encoder, decoder))!, decoder })),
  ];

  for (const { encoder, decoder } of pairs) {
    it(`${encoder} and ${decoder} keep their inputs and outputs when they are saved, apart and together`, async () => {
      const model = buildSegmentationModel({ encoder, decoder, weights: "zeros", numClasses: 2 });
      for (const part of [model, ...Object.values(halvesOf(model))]) {
        const loaded = await throughMemory(part);
        for (const side of ["inputs", "outputs"] as const) {
          expect(loaded[side].map(({ shape }) => shape)).toEqual(part[side].map(({ shape }) => shape));
        }
        expect(loaded.weights.map(({ originalName }) => originalName)).toEqual(
          part.weights.map(({ originalName }) => originalName),
        );
        loaded.dispose();
      }
      model.dispose();
    });
  }
});

describe("A segmentation model in a browser's database", () => {
  const globals = globalThis as { indexedDB?: unknown; self?: unknown };
  beforeAll(async () => {
    await startEngine("wasm");
    globals.indexedDB = new IDBFactory();
    globals.self = globalThis;
    tf.env().set("IS_BROWSER", true);
  });
  afterAll(() => {
    tf.env().set("IS_BROWSER", false);
    delete globals.indexedDB;
    delete globals.self;
  });

  for (const [way, build] of Object.entries(WAYS)) {
    it(`${way} gives the same after it was saved and loaded`, async () => {
      const model = build();
      await model.save("indexeddb://segmentation");
      const loaded = await tf.loadLayersModel("indexeddb://segmentation");
      tf.tidy(() => {
        const x = photo(24, 24);
        expect(numbers(loaded.predict(x) as tf.Tensor[])).toEqual(numbers(model.predict(x) as tf.Tensor[]));
      });
      loaded.dispose();
      model.dispose();
    });
  }
});

describe("Wrong options of a segmentation model", () => {
  it("are refused with the nearest name or what fits", () => {
    const build = (options: object) => () =>
      buildSegmentationModel({ encoder: "resnet18", decoder: "upernet", weights: "zeros", ...options } as never);
    const before = tf.memory().numTensors;
    for (const [options, error] of [
      [{ encoder: "resnet19" }, { code: "unknown-encoder", data: { encoder: "resnet19", nearest: "resnet18" } }],
      [{ decoder: "upernett" }, { code: "unknown-decoder", data: { decoder: "upernett", nearest: "upernet" } }],
      [{ encoder: "hrnetv2" }, { code: "features" }],
      [{ numClass: 3 }, { code: "option", data: { option: "numClass", nearest: "numClasses" } }],
      [{ seed: 0.5 }, { code: "option", data: { option: "seed", received: 0.5 } }],
    ] as const) {
      expect(build(options)).toThrow(
        expect.objectContaining({ ...error, ...("data" in error && { data: expect.objectContaining(error.data) }) }),
      );
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});

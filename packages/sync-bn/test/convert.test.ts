import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { BatchNormalization, batchNormalization, convertSyncBatchNorm, SyncBatchNormError } from "../src/index.ts";
import { everyLayer } from "../src/walk.ts";
import { close, madeUp, numbers } from "./values.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const stock = (options: Parameters<typeof tf.layers.batchNormalization>[0] = {}) =>
  tf.layers.batchNormalization(options);
const dense = (units: number) => tf.layers.dense({ units });
const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
  layer.apply(x) as tf.SymbolicTensor;

function inner(): tf.LayersModel {
  const input = tf.input({ shape: [4] });
  const hidden = apply(dense(4), input);
  return tf.model({ inputs: input, outputs: [hidden, apply(stock({ name: "inner" }), hidden)] });
}

const models: Record<string, () => tf.LayersModel> = {
  "sequential model": () =>
    tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] }), stock(), dense(2), stock()] }),
  "functional model of two inputs and two outputs": () => {
    const inputs = [tf.input({ shape: [4] }), tf.input({ shape: [3] })] as const;
    const left = apply(stock(), inputs[0]);
    const right = apply(stock(), apply(dense(4), inputs[1]));
    return tf.model({ inputs: [...inputs], outputs: [apply(tf.layers.add(), [left, right]), right] });
  },
  "model that uses one layer twice": () => {
    const input = tf.input({ shape: [4] });
    const shared = stock({ name: "shared" });
    return tf.model({ inputs: input, outputs: apply(shared, apply(dense(4), apply(shared, input))) });
  },
  "model in which another is nested, twice": () => {
    const input = tf.input({ shape: [4] });
    const nested = inner();
    const [first] = nested.apply(input) as tf.SymbolicTensor[];
    const outputs = nested.apply(apply(stock({ name: "outer" }), first!)) as tf.SymbolicTensor[];
    return tf.model({ inputs: input, outputs: apply(tf.layers.add(), outputs) });
  },
  "sequential model in a sequential model": () =>
    tf.sequential({
      layers: [tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] }), stock()] }), dense(2), stock()],
    }),
  "wrapped layer": () =>
    tf.sequential({ layers: [tf.layers.timeDistributed({ layer: stock(), inputShape: [3, 4] }), dense(2)] }),
  "model over images of any size": () =>
    tf.sequential({
      layers: [tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [null, null, 2] }), stock(), dense(2)],
    }),
  "model over sequences behind a mask": () =>
    tf.sequential({
      layers: [tf.layers.embedding({ inputDim: 5, outputDim: 4, maskZero: true, inputLength: 3 }), stock(), dense(2)],
    }),
};

/** A tensor of made-up numbers in the order of its own layout. */
const filled = (key: string, shape: number[], map: (u: number) => number) =>
  madeUp(key, [tf.util.sizeFromShape(shape)], map).reshape(shape);

/** Weights that are not the ones a layer starts with. */
function shake(model: tf.LayersModel): void {
  for (const [i, variable] of model.weights.entries()) {
    variable.write(filled(`${i}`, variable.shape as number[], (u) => u + 0.5));
  }
}

const inputsOf = (model: tf.LayersModel) =>
  model.inputs.map(({ shape }, i) => filled(`x${i}`, [2, ...shape.slice(1).map((size) => size ?? 5)], (u) => u * 3));

const predict = (model: tf.LayersModel) => {
  const x = inputsOf(model);
  return [model.predict(x.length === 1 ? x[0]! : x)].flat() as tf.Tensor[];
};

const norms = (model: tf.LayersModel) =>
  [...everyLayer(model)].filter((layer) => layer instanceof BatchNormalization) as BatchNormalization[];
const stockNorms = (model: tf.LayersModel) =>
  [...everyLayer(model)].filter((layer) => layer.getClassName() === "BatchNormalization");

describe("a converted model", () => {
  for (const [name, make] of Object.entries(models)) {
    it(`gives what the original gave, and owns its weights and nothing more: a ${name}`, () => {
      tf.tidy(() => {
        const model = make();
        shake(model);
        const before = tf.memory().numTensors;
        const copy = convertSyncBatchNorm(model);
        expect(tf.memory().numTensors - before).toBe(copy.weights.length);
        expect(norms(copy).map((layer) => layer.name)).toEqual(stockNorms(model).map((layer) => layer.name));
        expect(stockNorms(copy)).toEqual([]);
        expect(norms(copy).length).toBeGreaterThan(0);
        const expected = predict(model);
        for (const [i, y] of predict(copy).entries()) close(y, numbers(expected[i]!));
        model.dispose();
        copy.dispose();
      });
    });
  }

  it("normalizes in training as the original did", () => {
    tf.tidy(() => {
      const model = models["sequential model"]!();
      shake(model);
      const copy = convertSyncBatchNorm(model);
      const x = inputsOf(model);
      close(copy.apply(x, { training: true }) as tf.Tensor, numbers(model.apply(x, { training: true }) as tf.Tensor));
      close(copy.layers[1]!.getWeights()[2]!, numbers(model.layers[1]!.getWeights()[2]!));
      model.dispose();
      copy.dispose();
    });
  });

  it("keeps the settings, with the momentum in PyTorch's sense", () => {
    const options = { momentum: 0.98, epsilon: 1e-4, scale: false, center: false, name: "norm", inputShape: [3] };
    const model = tf.sequential({ name: "whole", layers: [stock(options)] });
    const copy = convertSyncBatchNorm(model);
    expect(copy.name).toBe("whole");
    expect(copy.layers[0]!.getConfig()).toMatchObject({
      name: "norm",
      momentum: 0.02,
      epsilon: 1e-4,
      scale: false,
      center: false,
      epsMode: null,
      frozen: false,
    });
    model.dispose();
    copy.dispose();
  });

  it("leaves alone what was frozen, a layer or a whole nested model", () => {
    const nested = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] }), stock({ name: "deep" })] });
    const model = tf.sequential({
      layers: [nested, dense(2), stock({ name: "still", trainable: false }), stock({ name: "moving" })],
    });
    nested.trainable = false;
    const copy = convertSyncBatchNorm(model);
    expect(copy.trainableWeights.map(({ originalName }) => originalName)).toEqual(
      model.trainableWeights.map(({ originalName }) => originalName),
    );
    expect(Object.fromEntries(norms(copy).map(({ name, frozen }) => [name, frozen]))).toEqual({
      deep: true,
      still: true,
      moving: false,
    });
    tf.tidy(() => {
      const before = norms(copy).map((layer) => layer.getWeights().map(numbers));
      copy.apply(inputsOf(copy), { training: true });
      const after = norms(copy).map((layer) => layer.getWeights().map(numbers));
      expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
      expect(after[2]).not.toEqual(before[2]);
    });
    model.dispose();
    copy.dispose();
  });

  it("shares nothing with the original, learns, and is saved and loaded", async () => {
    const model = models["sequential model in a sequential model"]!();
    const copy = convertSyncBatchNorm(model);
    const before = model.getWeights().map(numbers);
    copy.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
    const [x, y] = [madeUp("x", [16, 4]), madeUp("y", [16, 2])];
    const { history } = await copy.fit(x, y, { epochs: 5, verbose: 0, shuffle: false });
    const losses = history.loss as number[];
    expect(losses[4]!).toBeLessThan(losses[0]!);
    expect(model.getWeights().map(numbers)).toEqual(before);
    let saved: tf.io.ModelArtifacts | undefined;
    await copy.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
      }),
    );
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
    expect(norms(loaded).map((layer) => layer.getConfig())).toEqual(norms(copy).map((layer) => layer.getConfig()));
    close(loaded.predict(x) as tf.Tensor, numbers(copy.predict(x) as tf.Tensor));
    tf.dispose([x, y]);
    for (const each of [model, copy, loaded]) each.dispose();
  });

  it("keeps regularizers, constraints and initializers", () => {
    const model = tf.sequential({
      layers: [stock({ gammaRegularizer: tf.regularizers.l2({ l2: 0.5 }), betaConstraint: "nonNeg", inputShape: [3] })],
    });
    const copy = convertSyncBatchNorm(model);
    expect(copy.calculateLosses().map(numbers)).toEqual(model.calculateLosses().map(numbers));
    const config = copy.layers[0]!.getConfig();
    expect(config).toMatchObject({
      gammaRegularizer: { className: "L1L2" },
      betaConstraint: { className: "NonNeg" },
      gammaInitializer: { className: "Ones" },
    });
    model.dispose();
    copy.dispose();
  });

  it("may have had layers of this package before, which stay as they are", () => {
    const own = batchNormalization({ name: "own", momentum: 0.3, epsMode: "max", activation: "relu" });
    const model = tf.sequential({ layers: [stock({ inputShape: [3] }), own] });
    const copy = convertSyncBatchNorm(model);
    expect(copy.layers[1]!.getConfig()).toEqual(own.getConfig());
    model.dispose();
    copy.dispose();
  });
});

describe("a model that cannot be converted", () => {
  class Unregistered extends tf.layers.Layer {
    static className = "Unregistered";
    override computeOutputShape(shape: tf.Shape): tf.Shape {
      return shape;
    }
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return [inputs].flat()[0]!;
    }
  }

  const refused: [string, RegExp, () => tf.LayersModel][] = [
    [
      "another axis than the last",
      /last axis \(3\) but odd has axis 1/,
      () => tf.sequential({ layers: [stock({ name: "odd", axis: 1, inputShape: [3, 4, 5] })] }),
    ],
    [
      "a layer of an unregistered class",
      /Cannot build a copy of whole: .*Unregistered/,
      () => tf.sequential({ name: "whole", layers: [stock({ inputShape: [3] }), new Unregistered({})] }),
    ],
    [
      "a layer that a nested model has too",
      /but twice has a layer that a model nested in it has too/,
      () => {
        const shared = stock();
        const own = tf.input({ shape: [4] });
        const nested = tf.model({ inputs: own, outputs: apply(shared, own) });
        const input = tf.input({ shape: [4] });
        return tf.model({ name: "twice", inputs: input, outputs: apply(shared, apply(nested, input)) });
      },
    ],
  ];

  for (const [what, message, make] of refused) {
    it(`because of ${what} is refused in one line`, () => {
      const model = make();
      let error: unknown;
      try {
        convertSyncBatchNorm(model);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(SyncBatchNormError);
      expect(error).toMatchObject({ code: "model", message: expect.stringMatching(message) });
      expect((error as Error).message).not.toContain("\n");
    });
  }
});

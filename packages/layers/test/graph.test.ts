import { describeEveryEngine, tidyAsync } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { conv2d, inferenceModel, LayersError, selectInput, trainingModel } from "../src/index.ts";
import { madeUp } from "./made-up.ts";

const conv = (name: string, filters: number, seed: number) =>
  conv2d({ name, filters, kernelSize: 3, padding: 1, seed });
const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
  layer.apply(x) as tf.SymbolicTensor;

/** Two maps of an image. */
function encoder(): tf.LayersModel {
  const image = tf.input({ shape: [null, null, 3] });
  const first = apply(conv("first", 4, 1), image);
  return tf.model({ inputs: image, outputs: [first, apply(conv("second", 6, 2), first)] });
}

/** A head over the second of two maps, the first being no more than given. */
function decoder(): tf.LayersModel {
  const maps = [4, 6].map((channels) => tf.input({ shape: [null, null, channels] }));
  const second = apply(selectInput({ name: "select", index: 1 }), maps);
  return tf.model({ inputs: maps, outputs: apply(conv("head", 2, 3), second) });
}

/** Models that are, or hold, models. */
const models: Record<string, () => tf.LayersModel> = {
  "a model of two nested models": () => {
    const image = tf.input({ shape: [null, null, 3] });
    const maps = encoder().apply(image) as tf.SymbolicTensor[];
    return tf.model({ inputs: image, outputs: decoder().apply(maps) as tf.SymbolicTensor });
  },
  "a model joined to a nested one": () => {
    const { inputs, outputs } = encoder();
    return tf.model({ inputs, outputs: decoder().apply(outputs) as tf.SymbolicTensor });
  },
  "a nested model that is used twice": () => {
    const own = tf.input({ shape: [null, null, 3] });
    const nested = tf.model({ inputs: own, outputs: apply(conv("shared", 3, 4), own) });
    const image = tf.input({ shape: [null, null, 3] });
    const once = nested.apply(image) as tf.SymbolicTensor;
    const twice = nested.apply(once) as tf.SymbolicTensor;
    return tf.model({ inputs: image, outputs: apply(tf.layers.add(), [once, twice]) });
  },
  "layers that give what they get": () =>
    tf.sequential({
      layers: [
        tf.layers.activation({ activation: "linear", inputShape: [null, null, 3] }),
        conv("c", 4, 8),
        tf.layers.dropout({ rate: 0 }),
        tf.layers.activation({ activation: "linear" }),
      ],
    }),
  "a layer that is used twice": () => {
    const image = tf.input({ shape: [null, null, 3] });
    const shared = conv("shared", 3, 5);
    return tf.model({ inputs: image, outputs: apply(shared, apply(shared, image)) });
  },
  "a sequential model in a sequential model": () =>
    tf.sequential({
      layers: [
        tf.sequential({
          layers: [conv2d({ name: "a", filters: 4, kernelSize: 1, inputShape: [null, null, 3], seed: 6 })],
        }),
        conv("b", 2, 7),
      ],
    }),
};

describeEveryEngine("an inference model and a training model", () => {
  for (const [name, build] of Object.entries(models)) {
    it(`of ${name} give what the model itself gives, and its gradients`, async () => {
      const model = build();
      const [inference, training] = [inferenceModel(model), trainingModel(model)];
      await tidyAsync(async () => {
        const x = madeUp("x", [1, 5, 4, 3]);
        const expected = await (model.predict(x) as tf.Tensor).data();
        const [y] = inference.predict(x);
        for (const [i, value] of (await y!.data()).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
        const loss = (outputs: tf.Tensor | tf.Tensor[]) => [outputs].flat()[0]!.square().sum().asScalar();
        const ours = training.gradients(x, loss);
        const theirs = tf.variableGrads(() => loss(model.apply(x, { training: true }) as tf.Tensor));
        expect(Object.keys(ours.gradients).sort()).toEqual(Object.keys(theirs.grads).sort());
        for (const [variable, gradient] of Object.entries(theirs.grads)) {
          const own = await ours.gradients[variable]!.data();
          for (const [i, value] of (await gradient.data()).entries()) expect(own[i]).toBeCloseTo(value, 3);
        }
        tf.dispose([y!, ours.loss, ours.gradients]);
      });
      inference.dispose();
      const variables = model.weights.map((weight) => weight.read() as tf.Variable);
      model.dispose();
      // TF.js counts how often a layer was applied, and keeps the weights of one that was applied twice.
      for (const variable of variables) if (!variable.isDisposed) variable.dispose();
    });
  }
});

describe("a model of another kind", () => {
  it("is refused in one line", () => {
    const two = encoder();
    const one = models["a layer that is used twice"]!();
    const sequence = tf.input({ shape: [3, 2] });
    const states = tf.layers
      .lstm({ units: 2, returnState: true, name: "states" })
      .apply(sequence) as tf.SymbolicTensor[];
    const many = tf.model({ inputs: sequence, outputs: states[0]! });
    for (const [chain, data] of [
      [[two, one], { model: one.name, expected: 2, received: 1 }],
      [[many], { model: many.name, layer: "states", received: 3 }],
    ] as const) {
      for (const prepare of [inferenceModel, trainingModel]) {
        expect(() => prepare([...chain])).toThrow(LayersError);
        expect(() => prepare([...chain])).toThrow(expect.objectContaining({ code: "model", data }));
      }
    }
    for (const model of [two, one, many]) model.dispose();
  });
});

describe("an inference and a training model", () => {
  it("leave their input to the caller where it is an output too", () => {
    const image = tf.input({ shape: [null, null, 3] });
    const model = tf.model({ inputs: image, outputs: [apply(conv("own", 2, 9), image), image] });
    const x = tf.ones([1, 4, 4, 3]);
    tf.dispose(inferenceModel(model).predict(x));
    const { loss, gradients } = trainingModel(model).gradients(x, ([y, again]) =>
      y!.sum().add(again!.sum()).asScalar(),
    );
    tf.dispose([loss, gradients]);
    expect(x.isDisposed).toBe(false);
    x.dispose();
    model.dispose();
  });

  it("refuse another input than the model takes, models that do not fit, masks, and a chain of none", () => {
    const model = encoder();
    for (const prepare of [inferenceModel, trainingModel]) {
      expect(() => prepare([])).toThrow(expect.objectContaining({ code: "model" }));
      expect(() => prepare([models["a layer that is used twice"]!(), decoderOf(5)])).toThrow(
        expect.objectContaining({ code: "model", data: expect.objectContaining({ received: [null, null, null, 3] }) }),
      );
      const masked = tf.sequential({
        layers: [tf.layers.masking({ inputShape: [3, 2] }), tf.layers.simpleRNN({ units: 1 })],
      });
      expect(() => prepare(masked)).toThrow(expect.objectContaining({ code: "model" }));
    }
    for (const shape of [
      [1, 4, 4, 4],
      [4, 4, 3],
      [1, 4, 4, 1],
    ]) {
      const x = tf.ones(shape);
      const refused = expect.objectContaining({
        code: "shape",
        data: { expected: [null, null, null, 3], received: `[${shape}]` },
      });
      expect(() => inferenceModel(model).predict(x)).toThrow(refused);
      expect(() => trainingModel(model).gradients(x, ([y]) => y!.sum().asScalar())).toThrow(refused);
    }
    const large = tf.sequential({ layers: [conv2d({ filters: 2, kernelSize: 7, inputShape: [null, null, 3] })] });
    expect(() => inferenceModel(large).predict(tf.ones([1, 4, 4, 3]))).toThrow(
      expect.objectContaining({ code: "shape", data: { expected: [7, 7], received: [1, 4, 4, 3] } }),
    );
  });

  it("refuse arrays that are no image", async () => {
    const network = inferenceModel(encoder());
    const data = new Float32Array(48);
    for (const image of [
      undefined,
      { data },
      { data, shape: [1, 4, 4, 4] },
      { data: new Uint8Array(48), shape: [1, 4, 4, 3] },
      { data, shape: [1, -4, -4, 3] },
      { data, shape: [1, 4, Number.NaN, 3] },
      { data, shape: [4, 4, 3] },
    ]) {
      await expect(network.run(image as never)).rejects.toMatchObject({ name: "LayersError", code: "shape" });
    }
    network.dispose();
  });

  it("give zeros for a loss that depends on nothing, and keep nothing", () => {
    const model = encoder();
    const training = trainingModel(model);
    const x = tf.ones([1, 4, 4, 3]);
    const before = tf.memory().numTensors;
    const { loss, gradients } = training.gradients(x, () => tf.scalar(3));
    for (const gradient of Object.values(gradients)) expect(gradient.abs().sum().dataSync()[0]).toBe(0);
    tf.dispose([loss, gradients]);
    expect(tf.memory().numTensors).toBe(before + 2 * training.variables.length);
    x.dispose();
    model.dispose();
  });

  it("name an operation without a gradient, and keep nothing", () => {
    const model = encoder();
    const training = trainingModel(model);
    const x = tf.ones([1, 4, 4, 3]);
    const before = tf.memory().numTensors;
    expect(() => training.gradients(x, ([y]) => y!.greater(0).toFloat().sum().asScalar())).toThrow(
      expect.objectContaining({ code: "model" }),
    );
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    model.dispose();
  });
});

/** A model over a map of so many channels. */
function decoderOf(channels: number): tf.LayersModel {
  return tf.sequential({ layers: [conv2d({ filters: 2, kernelSize: 1, inputShape: [null, null, channels] })] });
}

describe("an output or a loss that there is not", () => {
  it("is refused", () => {
    const model = encoder();
    for (const outputs of [[2], [-1], 0, ["a"]]) {
      expect(() => inferenceModel(model, outputs as number[])).toThrow(
        expect.objectContaining({ code: "option", data: { option: "outputs", received: outputs } }),
      );
    }
    const training = trainingModel(model);
    const before = tf.memory().numTensors;
    const x = tf.ones([1, 3, 3, 3]);
    for (const loss of [([y]: tf.Tensor[]) => y!, () => 3, () => undefined]) {
      expect(() => training.gradients(x, loss as never)).toThrow(expect.objectContaining({ code: "shape" }));
    }
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
});

describe("a model that does not need all of its inputs", () => {
  it("keeps them when it is saved and loaded, and for them nothing stays in memory", async () => {
    const model = decoder();
    let saved!: tf.io.ModelArtifacts;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
      }),
    );
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved));
    const maps = [4, 6].map((channels) => tf.ones([1, 3, 3, channels]));
    expect(loaded.inputs.map(({ shape }) => shape.at(-1))).toEqual([4, 6]);
    expect(Array.from((loaded.predict(maps) as tf.Tensor).dataSync())).toEqual(
      Array.from((model.predict(maps) as tf.Tensor).dataSync()),
    );
    model.dispose();
    loaded.dispose();
  });
});

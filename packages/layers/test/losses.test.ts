import {
  describeEngines,
  describeEveryEngine,
  expectSampled,
  reference,
  type SampledTensor,
  tidyAsync,
  uniform,
} from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import {
  conv2d,
  diceLoss,
  focalLoss,
  GroupedOptimizer,
  lovaszSoftmax,
  ohemCrossEntropy,
  pixelAccuracy,
  sparseCrossEntropy,
  trainingModel,
} from "../src/index.ts";
import { madeUp } from "./made-up.ts";

type LossName = "ce" | "ohem" | "focal" | "dice" | "lovasz";
type Scores = [number, number, number, number];

interface Case {
  meta: {
    loss: LossName;
    shape: Scores;
    occurring: number;
    weighted: boolean;
    options: { threshold?: number; min_kept?: number; gamma?: number };
  };
  value: number;
  grad: SampledTensor;
}

const CASES = reference<Record<string, Case>>("losses.json");

type Loss = (scores: tf.Tensor, labels: tf.Tensor, options?: Case["meta"]["options"], w?: number[]) => tf.Scalar;

const LOSSES: Record<LossName, Loss> = {
  ce: (scores, labels, _, classWeights) => sparseCrossEntropy(scores, labels, { classWeights }),
  ohem: (scores, labels, { threshold, min_kept: minKept } = {}, classWeights) =>
    ohemCrossEntropy(scores, labels, { threshold, minKept, classWeights }),
  focal: (scores, labels, { gamma } = {}, classWeights) => focalLoss(scores, labels, { gamma, classWeights }),
  dice: (scores, labels) => diceLoss(scores, labels),
  lovasz: (scores, labels) => lovaszSoftmax(scores, labels),
};
const NAMES = Object.keys(LOSSES) as LossName[];

const numbers = async (tensor: tf.Tensor) => Array.from(await tensor.data());

/** The case's scores, channels last, its labels and weights. */
function inputsOf(name: string, { shape, occurring, weighted }: Case["meta"]) {
  const [count, classes, height, width] = shape;
  const scores = madeUp<tf.Tensor4D>(`loss.${name}.scores`, shape, (u) => 8 * (u - 0.5)).transpose([0, 2, 3, 1]);
  const classOf = (u: number) => Math.floor((occurring + 1) * u) - 1;
  const labels = uniform(`loss.${name}.labels`, count * height * width, classOf);
  const weights = Array.from(uniform(`loss.${name}.weights`, classes, (u) => 0.1 + 2 * u));
  return {
    scores,
    labels: tf.tensor3d(Int32Array.from(labels), [count, height, width], "int32"),
    weights: weighted ? weights : undefined,
  };
}

const gradientOf = (loss: (scores: tf.Tensor) => tf.Scalar, scores: tf.Tensor) => tf.grads(loss)([scores])[0]!;

describeEveryEngine("A loss", () => {
  it.each(Object.entries(CASES))("is PyTorch's, with its gradient: %s", async (name, { meta, value, grad }) => {
    await tidyAsync(async () => {
      const { scores, labels, weights } = inputsOf(name, meta);
      const loss = (s: tf.Tensor) => LOSSES[meta.loss](s, labels, meta.options, weights);
      expect((await numbers(loss(scores)))[0]).toBeCloseTo(value, 5);
      expectSampled(await numbers(gradientOf(loss, scores)), grad, 1e-4);
    });
  });

  it.each(NAMES)(
    "%s has the gradient that its own slope in a direction says, times what comes after it",
    async (name) => {
      await tidyAsync(async () => {
        const { scores, labels } = inputsOf(name, { ...CASES.ce!.meta, loss: name });
        const loss = (s: tf.Tensor) => LOSSES[name](s, labels, { min_kept: 5 }).mul<tf.Scalar>(3);
        const direction = madeUp("direction", scores.shape);
        const step = 0.01;
        const [[after], [before], [slope]] = await Promise.all([
          numbers(loss(scores.add(direction.mul(step)))),
          numbers(loss(scores.sub(direction.mul(step)))),
          numbers(gradientOf(loss, scores).mul(direction).sum()),
        ]);
        expect(Math.abs(slope!)).toBeGreaterThan(1e-3);
        expect((after! - before!) / (2 * step) / slope!).toBeCloseTo(1, 2);
      });
    },
  );

  it.each(NAMES)("%s is 0 without a gradient where every label is ignored", async (name) => {
    await tidyAsync(async () => {
      const scores = madeUp("scores", [1, 3, 4, 5]);
      const labels = tf.fill([1, 3, 4], -1, "int32");
      const loss = (s: tf.Tensor) => LOSSES[name](s, labels, undefined, [1, 2, 3, 4, 5]);
      expect((await numbers(loss(scores)))[0]).toBe(0);
      expect((await numbers(gradientOf(loss, scores))).every((value) => value === 0)).toBe(true);
    });
  });

  it.each(NAMES)("%s takes scores that are as sure as float32 can be, right and wrong, without NaN", async (name) => {
    await tidyAsync(async () => {
      const scores = tf.tensor([200, 0, -200, -200, 0, 200, 0, 200, 0, 0, 0, 0], [4, 3]);
      const labels = tf.tensor1d([0, 0, 1, 255], "int32");
      const loss = (s: tf.Tensor) => LOSSES[name](s, labels, { gamma: 0.5 });
      const [value] = await numbers(loss(scores));
      expect(value).toBeGreaterThan(0);
      const gradient = await numbers(gradientOf(loss, scores));
      expect(gradient.every(Number.isFinite)).toBe(true);
      // The ignored pixel has none.
      expect(gradient.slice(9).every((part) => part === 0)).toBe(true);
    });
  });

  it.each(NAMES)("%s is not a number where a score is not, so that training ends", async (name) => {
    await tidyAsync(async () => {
      const scores = tf.tensor([1, 0, Number.NaN, 0, 0, 1], [2, 3]);
      const [value] = await numbers(LOSSES[name](scores, tf.tensor1d([0, 1], "int32")));
      expect(value).toBeNaN();
    });
  });

  it("with weights that are 0 for all that occurs is 0 without a gradient", async () => {
    await tidyAsync(async () => {
      const [scores, labels] = [madeUp("scores", [4, 3]), tf.tensor1d([0, 0, 1, -1], "int32")];
      for (const name of ["ce", "ohem", "focal"] as const) {
        const loss = (s: tf.Tensor) => LOSSES[name](s, labels, undefined, [0, 0, 7]);
        expect((await numbers(loss(scores)))[0], name).toBe(0);
        expect(
          (await numbers(gradientOf(loss, scores))).every((value) => value === 0),
          name,
        ).toBe(true);
      }
    });
  });

  it("with equal weights is the loss without, and focal without focus is cross entropy", async () => {
    await tidyAsync(async () => {
      const { scores, labels } = inputsOf("ce", CASES.ce!.meta);
      const [plain] = await numbers(sparseCrossEntropy(scores, labels));
      for (const loss of [
        sparseCrossEntropy(scores, labels, { classWeights: [4, 4, 4, 4, 4] }),
        focalLoss(scores, labels, { gamma: 0 }),
        ohemCrossEntropy(scores, labels, { threshold: 1, minKept: 1 }),
      ]) {
        expect((await numbers(loss))[0]).toBeCloseTo(plain!, 5);
      }
    });
  });

  it("refuses options that mean nothing", () => {
    tf.tidy(() => {
      const [scores, labels] = [madeUp("s", [2, 3]), tf.zeros([2], "int32")];
      const refused = (run: () => unknown, option: string, received: unknown) =>
        expect(run).toThrow(expect.objectContaining({ code: "option", data: { option, received } }));
      refused(() => sparseCrossEntropy(scores, labels, { classWeights: [1, 2] }), "classWeights", 2);
      refused(() => focalLoss(scores, labels, { classWeights: [1, 2, -1] }), "classWeights", -1);
      refused(() => focalLoss(scores, labels, { gamma: -1 }), "gamma", -1);
      refused(() => ohemCrossEntropy(scores, labels, { threshold: 0 }), "threshold", 0);
      refused(() => ohemCrossEntropy(scores, labels, { minKept: 0.5 }), "minKept", 0.5);
      expect(() => sparseCrossEntropy(scores, labels, { weights: [1] } as object)).toThrow(
        expect.objectContaining({ code: "option" }),
      );
      expect(() => lovaszSoftmax(scores, tf.zeros([3], "int32"))).toThrow(expect.objectContaining({ code: "shape" }));
    });
  });
});

describeEngines("A loss by itself", () => {
  it.each(NAMES)("teaches a small network to tell bright pixels from dark ones: %s", (name) => {
    const image = tf.input({ shape: [null, null, 1] });
    const scores = conv2d({ filters: 2, kernelSize: 1, seed: 2 }).apply(image) as tf.SymbolicTensor;
    const model = tf.model({ inputs: image, outputs: scores });
    const training = trainingModel(model);
    const optimizer = new GroupedOptimizer([{ variables: training.variables, learningRate: 2 }], {
      name: "sgd",
      momentum: 0.9,
    });
    const x = madeUp<tf.Tensor4D>("x", [2, 8, 8, 1], (u) => u);
    const labels = tf.tidy(() => x.greater(0.5).toInt().squeeze([3]));
    for (let step = 0; step < 60; step++) {
      const { loss, gradients } = training.gradients(x, ([output]) => LOSSES[name](output!, labels));
      optimizer.applyGradients(gradients);
      tf.dispose([loss, gradients]);
    }
    const accuracy = tf.tidy(() => pixelAccuracy(model.predict(x) as tf.Tensor, labels).dataSync()[0]!);
    expect(accuracy).toBeGreaterThan(0.95);
    optimizer.dispose();
    model.dispose();
    tf.dispose([x, labels]);
  });
}, ["wasm"]);

import { describeEveryEngine, tidyAsync, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import {
  activation,
  conv2d,
  GroupedOptimizer,
  pixelAccuracy,
  resizeLike,
  sparseCrossEntropy,
  trainingModel,
} from "../src/index.ts";
import { madeUp } from "./made-up.ts";

const numbers = async (tensor: tf.Tensor) => Array.from(await tensor.data());

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  const scale = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!) / scale).toBeLessThanOrEqual(tolerance);
  }
}

/** Two models in a chain, with a tensor that two layers read and an output that another layer reads too. */
function chain(): [tf.LayersModel, tf.LayersModel] {
  const image = tf.input({ shape: [null, null, 2] });
  const stem = conv2d({ name: "stem", filters: 4, kernelSize: 3, strides: 2, padding: 1, seed: 1 }).apply(image);
  const relu = activation({ name: "relu", activation: "relu" }).apply(stem) as tf.SymbolicTensor;
  const deep = conv2d({ name: "deep", filters: 4, kernelSize: 3, padding: 2, dilations: 2, seed: 2 }).apply(relu);
  const sum = tf.layers.add({ name: "sum" }).apply([relu, deep as tf.SymbolicTensor]) as tf.SymbolicTensor;
  const [a, b] = [relu, sum].map((map) => tf.input({ shape: [null, null, map.shape[3]!] })) as [
    tf.SymbolicTensor,
    tf.SymbolicTensor,
  ];
  const head = conv2d({ name: "head", filters: 3, kernelSize: 1, seed: 3 }).apply(b) as tf.SymbolicTensor;
  const aside = conv2d({ name: "aside", filters: 3, kernelSize: 1, seed: 4 }).apply(a) as tf.SymbolicTensor;
  const resized = resizeLike({ name: "up" }).apply([aside, head]) as tf.SymbolicTensor;
  return [tf.model({ inputs: image, outputs: [relu, sum] }), tf.model({ inputs: [a, b], outputs: [head, resized] })];
}

describeEveryEngine("a training model", () => {
  it("gives the loss and gradients of tf.variableGrads, and leaves nothing behind", async () => {
    const [encoder, decoder] = chain();
    const training = trainingModel([encoder, decoder]);
    const x = madeUp("x", [2, 9, 8, 2]);
    const g = [madeUp("g0", [2, 5, 4, 3]), madeUp("g1", [2, 5, 4, 3])];
    const loss = (outputs: tf.Tensor[]) => tf.addN(outputs.map((y, i) => y.mul(g[i]!).sum())).asScalar();
    const before = tf.memory().numTensors;
    const result = training.gradients(x, loss);
    expect(tf.memory().numTensors).toBe(before + 1 + training.variables.length);
    await tidyAsync(async () => {
      const { value, grads } = tf.variableGrads(() =>
        loss(decoder.apply(encoder.apply(x, { training: true }) as tf.Tensor[], { training: true }) as tf.Tensor[]),
      );
      expectClose(await numbers(result.loss), await numbers(value));
      for (const variable of training.variables) {
        expectClose(await numbers(result.gradients[variable.name]!), await numbers(grads[variable.name]!));
      }
    });
    tf.dispose([result.loss, result.gradients, x, ...g]);
    encoder.dispose();
    decoder.dispose();
  });

  it("gives zeros for variables that the loss does not depend on, and stays usable after a loss that throws", async () => {
    const [encoder, decoder] = chain();
    const training = trainingModel([encoder, decoder]);
    const x = madeUp("x", [1, 5, 5, 2]);
    const before = tf.memory().numTensors;
    expect(() =>
      training.gradients(x, () => {
        throw new Error("no loss today");
      }),
    ).toThrow("no loss today");
    expect(tf.memory().numTensors).toBe(before);
    const { loss, gradients } = training.gradients(x, ([head]) => head!.square().sum());
    const aside = training.variables.find(({ name }) => name.startsWith("aside"))!;
    expect((await numbers(gradients[aside.name]!)).every((value) => value === 0)).toBe(true);
    tf.dispose([loss, gradients, x]);
    encoder.dispose();
    decoder.dispose();
  });
});

describeEveryEngine("the loss", () => {
  const classes = 5;
  const labelsOf = (shape: number[]) =>
    tf.tensor(
      Int32Array.from(
        uniform(
          "labels",
          shape.reduce((a, b) => a * b, 1),
          (u) => Math.floor(u * (classes + 1)) - 1,
        ),
      ),
      shape,
      "int32",
    );

  it("is the mean negative log-likelihood over labelled pixels, and so is its gradient, as plain loops in float64 give", async () => {
    await tidyAsync(async () => {
      const scores = madeUp("scores", [2, 3, 4, classes], (u) => (u - 0.5) * 20);
      const labels = labelsOf([2, 3, 4]);
      const [values, truth] = [await numbers(scores), await numbers(labels)];
      const valid = truth.filter((label) => label >= 0).length;
      let loss = 0;
      let right = 0;
      const gradient = values.map(() => 0);
      truth.forEach((label, p) => {
        if (label < 0) return;
        const own = values.slice(p * classes, (p + 1) * classes);
        const sum = own.reduce((total, value) => total + Math.exp(value), 0);
        loss -= Math.log(Math.exp(own[label]!) / sum) / valid;
        if (own.indexOf(Math.max(...own)) === label) right++;
        own.forEach((value, c) => {
          gradient[p * classes + c] = (3 * (Math.exp(value) / sum - Number(c === label))) / valid;
        });
      });
      expectClose(await numbers(sparseCrossEntropy(scores, labels)), [loss]);
      expectClose(await numbers(pixelAccuracy(scores, labels)), [right / valid]);
      expectClose(await numbers(tf.grad((s: tf.Tensor) => sparseCrossEntropy(s, labels).mul(3))(scores)), gradient);
    });
  });

  it("is 0 without a gradient where every label is ignored", async () => {
    await tidyAsync(async () => {
      const scores = madeUp("scores", [1, 2, 2, classes]);
      const labels = tf.fill([1, 2, 2], -1, "int32");
      expect(await numbers(sparseCrossEntropy(scores, labels))).toEqual([0]);
      expect(await numbers(pixelAccuracy(scores, labels))).toEqual([0]);
      const gradient = tf.grad((s: tf.Tensor) => sparseCrossEntropy(s, labels))(scores);
      expect((await numbers(gradient)).every((value) => value === 0)).toBe(true);
    });
  });

  it("refuses labels of another shape", () => {
    tf.tidy(() => {
      expect(() => sparseCrossEntropy(madeUp("s", [1, 2, 2, 3]), tf.zeros([1, 2, 3], "int32"))).toThrow(
        expect.objectContaining({ code: "shape", data: { expected: [1, 2, 2], received: [1, 2, 3] } }),
      );
    });
  });

  it("ignores labels that are no class, whatever their number", async () => {
    await tidyAsync(async () => {
      // 255 is what many data sets ignore.
      const [scores, known] = [madeUp("s", [1, 2, 2, 3]), [0, 1, 2, -1]];
      const asLoss = (labels: number[]) =>
        tf.grads((s: tf.Tensor) => sparseCrossEntropy(s, tf.tensor3d(labels, [1, 2, 2], "int32")))([scores])[0]!;
      expectClose(await numbers(asLoss([0, 1, 2, 255])), await numbers(asLoss(known)));
      expectClose(await numbers(asLoss([7, 7, 7, 3])), Array(12).fill(0));
      const accuracy = (labels: number[]) => pixelAccuracy(scores, tf.tensor3d(labels, [1, 2, 2], "int32"));
      expectClose(await numbers(accuracy([0, 1, 2, 255])), await numbers(accuracy(known)));
    });
  });
});

/** Gradients as optimizers take them. */
const named = (variables: readonly tf.Variable[], gradients: readonly tf.Tensor[]) =>
  variables.map(({ name }, i) => ({ name, tensor: gradients[i]! }));

/** One parameter's path under each rule, in float64 as the papers (and PyTorch's documentation) write it. */
function path(rule: "sgd" | "adam", start: number, gradients: number[], rate: number, decay: number): number[] {
  let [w, m, v] = [start, 0, 0];
  return gradients.map((gradient, i) => {
    const g = gradient + decay * w;
    if (rule === "sgd") {
      m = 0.9 * m + g;
      w -= rate * m;
    } else {
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      w -= (rate * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
    }
    return w;
  });
}

describeEveryEngine("the optimizer", () => {
  const rules = { sgd: { name: "sgd", momentum: 0.9 }, adam: { name: "adam" } } as const;
  for (const name of ["sgd", "adam"] as const) {
    it(`moves each group's variables as ${name} does, continues from saved moments, and clips`, async () => {
      const [a, b, c] = tf.tidy(() =>
        [madeUp("a", [2, 3]), madeUp("b", [4]), madeUp("c", [3])].map((tensor) => tf.variable(tensor)),
      ) as [tf.Variable, tf.Variable, tf.Variable];
      const start = await Promise.all([a, b, c].map(numbers));
      const groups = [
        { variables: [a, c], learningRate: 0.1, weightDecay: 0.5 },
        { variables: [b], learningRate: 0.02 },
      ];
      let optimizer = new GroupedOptimizer(groups, rules[name]);
      const steps = [0, 1, 2, 3].map((i) => [madeUp(`ga${i}`, [2, 3]), madeUp(`gc${i}`, [3]), madeUp(`gb${i}`, [4])]);
      for (const [i, gradients] of steps.entries()) {
        if (i === 2) {
          const weights = await optimizer.getWeights();
          optimizer.dispose();
          optimizer = new GroupedOptimizer(groups, rules[name]);
          await optimizer.setWeights(weights);
          tf.dispose(weights.map(({ tensor }) => tensor));
        }
        optimizer.applyGradients(named([a, c, b], gradients));
      }
      const given = await Promise.all(steps.map((gradients) => Promise.all(gradients.map(numbers))));
      for (const [variable, index, order, rate, decay] of [
        [a, 0, 0, 0.1, 0.5],
        [c, 2, 1, 0.1, 0.5],
        [b, 1, 2, 0.02, 0],
      ] as const) {
        const expected = start[index]!.map((value, k) => {
          const own = given.map((gradients) => gradients[order]![k]!);
          return path(name, value, own, rate, decay).at(-1)!;
        });
        expectClose(await numbers(variable), expected, 1e-5);
      }
      await expect(optimizer.setWeights(named([a], [b]))).rejects.toMatchObject({
        code: "shape",
        data: { received: [] },
      });

      const before = await numbers(b);
      const sum = Math.sqrt(given[0]!.flat().reduce((total, g) => total + g * g, 0));
      const all = [{ variables: [a, c, b], learningRate: 1 }];
      const clipped = new GroupedOptimizer(all, { name: "sgd", momentum: 0 }, { clipNorm: sum / 4 });
      clipped.applyGradients(named([a, c, b], steps[0]!));
      expectClose(
        await numbers(b),
        before.map((value, k) => value - given[0]![2]![k]! / 4),
      );
      clipped.dispose();
      optimizer.dispose();
      tf.dispose([a, b, c, ...steps.flat()]);
    });
  }
});

describe("an optimizer", () => {
  const [a, b] = [tf.variable(tf.ones([2])), tf.variable(tf.ones([3]))];
  const group = { variables: [a, b], learningRate: 1 };
  const sgd = { name: "sgd", momentum: 0.9 } as const;

  it("refuses a variable that stands in two groups, and options and rules that there are not", () => {
    const make = (...args: unknown[]) =>
      new GroupedOptimizer(...(args as ConstructorParameters<typeof GroupedOptimizer>));
    expect(() => make([group, group], { name: "adam" })).toThrow(expect.objectContaining({ code: "option" }));
    for (const [option, nearest, args] of [
      ["clipnorm", "clipNorm", [[group], sgd, { clipnorm: 1 }]],
      ["weight_decay", "weightDecay", [[{ ...group, weight_decay: 0 }], sgd]],
      ["name", "sgd", [[group], { name: "SGD", momentum: 0 }]],
      ["beta", "beta1", [[group], { name: "adam", beta: 0.9 }]],
    ] as const) {
      expect(() => make(...args)).toThrow(
        expect.objectContaining({ code: "option", data: expect.objectContaining({ option, nearest }) }),
      );
    }
    for (const args of [
      [[group], { name: "sgd", momentum: 1 }],
      [[group], sgd, { clipNorm: 0 }],
      [[group], "sgd"],
      [[group]],
      [[{ variables: [a] }], sgd],
      [[{ ...group, learningRate: "0.1" }], sgd],
      [[{ ...group, weightDecay: -1 }], sgd],
      [[{ ...group, variables: [tf.ones([2])] }], sgd],
      [[{ ...group, variables: undefined }], sgd],
    ]) {
      expect(() => make(...args)).toThrow(expect.objectContaining({ code: "option" }));
    }
  });

  it("refuses gradients that are not its variables', and moves nothing", () => {
    const optimizer = new GroupedOptimizer([group], sgd);
    const ones = tf.ones([2]);
    for (const [given, data] of [
      [named([a, b], [ones, ones]), { expected: [3], received: [2] }],
      [[...named([a, b], [ones, tf.ones([3])]), { name: "other", tensor: ones }], { received: "other" }],
    ] as const) {
      expect(() => optimizer.applyGradients([...given])).toThrow(expect.objectContaining({ code: "shape", data }));
    }
    expect([optimizer.iterations, ...a.dataSync(), ...b.dataSync()]).toEqual([0, 1, 1, 1, 1, 1]);
  });

  it("refuses a rate that is none when it is to be used, and keeps its state where what it gave is given back", async () => {
    const own = { variables: [a], learningRate: 1 };
    const optimizer = new GroupedOptimizer([own], { name: "adam" });
    const gradients = { [a.name]: tf.ones([2]) };
    own.learningRate = Number.NaN;
    expect(() => optimizer.applyGradients(gradients)).toThrow(
      expect.objectContaining({ code: "option", data: { option: "learningRate", received: Number.NaN } }),
    );
    own.learningRate = 0;
    optimizer.applyGradients(gradients);
    const weights = await optimizer.getWeights();
    optimizer.applyGradients(gradients);
    expect(weights.map(({ tensor }) => tensor.dataSync()[0])).toEqual([1, expect.closeTo(0.1), expect.closeTo(0.001)]);
    await optimizer.setWeights(await optimizer.getWeights());
    optimizer.applyGradients(gradients);
    expect(optimizer.iterations).toBe(3);
    expect([...a.dataSync()]).toEqual([1, 1]);
    expect(() => optimizer.getConfig()).toThrow(expect.objectContaining({ code: "model" }));
  });

  it("leaves variables without a gradient as they are", () => {
    const [c, d] = [tf.variable(tf.ones([2])), tf.variable(tf.ones([1]))];
    const optimizer = new GroupedOptimizer([{ variables: [c, d], learningRate: 1, weightDecay: 1 }], sgd);
    optimizer.minimize(() => c.sum().asScalar());
    expect([...c.dataSync(), ...d.dataSync()]).toEqual([-1, -1, 1]);
  });

  it("outlives the tidy that it was made in, takes a limit on the norm of no gradients, and fits a compiled model", async () => {
    const variable = tf.variable(tf.ones([2]));
    const rule = { name: "sgd", momentum: 0.5 } as const;
    let optimizer!: GroupedOptimizer;
    tf.tidy(() => {
      optimizer = new GroupedOptimizer([{ variables: [variable], learningRate: 1 }], rule);
    });
    await optimizer.setWeights([
      { name: "iter", tensor: tf.scalar(3, "int32") },
      { name: "", tensor: tf.tensor1d([2, 4]) },
    ]);
    optimizer.applyGradients({ [variable.name]: tf.tensor1d([0, 1]) });
    expect(Array.from(variable.dataSync())).toEqual([0, -2]);
    expect(optimizer.iterations).toBe(4);
    expect(() => new GroupedOptimizer([], rule, { clipNorm: 1 }).applyGradients({})).not.toThrow();

    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, useBias: false, inputShape: [1] })] });
    model.setWeights([tf.tensor2d([[0]])]);
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    model.compile({
      loss: "meanSquaredError",
      optimizer: new GroupedOptimizer([{ variables, learningRate: 0.25 }], { name: "sgd", momentum: 0 }),
    });
    await model.fit(tf.ones([2, 1]), tf.ones([2, 1]), { epochs: 2, verbose: 0 });
    expect(Array.from(model.getWeights()[0]!.dataSync())).toEqual([0.75]);
  });
});

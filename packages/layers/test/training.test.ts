import { describeEveryEngine, tidyAsync, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import {
  activationLayer,
  conv2dLayer,
  GroupedOptimizer,
  pixelAccuracy,
  resizeLikeLayer,
  sparseCrossEntropy,
  trainingModel,
} from "../src/index.ts";

const madeUp = (key: string, shape: number[], map = (u: number) => u - 0.5) =>
  tf.tensor(
    Float32Array.from(
      uniform(
        key,
        shape.reduce((a, b) => a * b, 1),
        map,
      ),
    ),
    shape,
  );

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
  const stem = conv2dLayer({ name: "stem", filters: 4, kernelSize: 3, strides: 2, padding: 1, seed: 1 }).apply(image);
  const relu = activationLayer({ name: "relu", activation: "relu" }).apply(stem) as tf.SymbolicTensor;
  const deep = conv2dLayer({ name: "deep", filters: 4, kernelSize: 3, padding: 2, dilations: 2, seed: 2 }).apply(relu);
  const sum = tf.layers.add({ name: "sum" }).apply([relu, deep as tf.SymbolicTensor]) as tf.SymbolicTensor;
  const [a, b] = [relu, sum].map((map) => tf.input({ shape: [null, null, map.shape[3]!] })) as [
    tf.SymbolicTensor,
    tf.SymbolicTensor,
  ];
  const head = conv2dLayer({ name: "head", filters: 3, kernelSize: 1, seed: 3 }).apply(b) as tf.SymbolicTensor;
  const aside = conv2dLayer({ name: "aside", filters: 3, kernelSize: 1, seed: 4 }).apply(a) as tf.SymbolicTensor;
  const resized = resizeLikeLayer({ name: "up" }).apply([aside, head]) as tf.SymbolicTensor;
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
      for (const [i, variable] of training.variables.entries()) {
        expectClose(await numbers(result.gradients[i]!), await numbers(grads[variable.name]!));
      }
    });
    tf.dispose([result.loss, ...result.gradients, x, ...g]);
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
    const aside = training.variables.findIndex(({ name }) => name.startsWith("aside"));
    expect((await numbers(gradients[aside]!)).every((value) => value === 0)).toBe(true);
    tf.dispose([loss, ...gradients, x]);
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
        /Expected labels \[1,2,2\].*received \[1,2,3\]/,
      );
    });
  });
});

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
      steps.forEach((gradients, i) => {
        if (i === 2) {
          const [moments, updates] = [optimizer.moments(), optimizer.updates];
          optimizer.dispose();
          optimizer = new GroupedOptimizer(groups, rules[name]);
          optimizer.restore(moments, updates);
          tf.dispose(moments);
        }
        optimizer.update(gradients);
      });
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
      expect(() => optimizer.restore([b], 1)).toThrow(/moments of sizes/);

      const before = await numbers(b);
      const sum = Math.sqrt(given[0]!.flat().reduce((total, g) => total + g * g, 0));
      const clipped = new GroupedOptimizer([{ variables: [a, c, b], learningRate: 1 }], { name: "sgd", momentum: 0 });
      clipped.update(steps[0]!, sum / 4);
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

describeEveryEngine("gradients combined with those of others", () => {
  it("are used instead, each group's as one, and clipped together", async () => {
    const values = [[1, 2], [3], [4, 5]].map((own) => tf.tensor1d(own));
    const [a, b, c] = values.map((value) => tf.variable(value)) as [tf.Variable, tf.Variable, tf.Variable];
    const optimizer = new GroupedOptimizer(
      [
        { variables: [a, b], learningRate: 1 },
        { variables: [c], learningRate: 0.5 },
      ],
      { name: "sgd", momentum: 0 },
    );
    const gradients = [[1, 1], [2], [3, 4]].map((own) => tf.tensor1d(own));
    const seen: tf.Tensor[] = [];
    optimizer.update(gradients, undefined, (flat) => {
      seen.push(tf.keep(flat.clone()));
      return flat.mul(10);
    });
    expect(await Promise.all(seen.map(numbers))).toEqual([
      [1, 1, 2],
      [3, 4],
    ]);
    expect(await Promise.all([a, b, c].map(numbers))).toEqual([[-9, -8], [-17], [-11, -15]]);
    const norm = Math.sqrt(100 + 100 + 400 + 900 + 1600);
    optimizer.update(gradients, norm / 2, (flat) => flat.mul(10));
    expectClose((await Promise.all([a, b, c].map(numbers))).flat(), [-14, -13, -27, -18.5, -25]);
    optimizer.dispose();
    tf.dispose([a, b, c, ...values, ...gradients, ...seen]);
  });
});

describe("wrong groups", () => {
  it("are named", () => {
    const variable = tf.tidy(() => tf.variable(tf.zeros([2])));
    const group = { variables: [variable], learningRate: 1 };
    expect(() => new GroupedOptimizer([group, group], { name: "adam" })).toThrow(/one stands in two/);
    variable.dispose();
  });
});

describe("an optimizer", () => {
  it("refuses gradients that are not its variables', and moves nothing", () => {
    const [a, b] = [tf.variable(tf.ones([2])), tf.variable(tf.ones([3]))];
    const optimizer = new GroupedOptimizer([{ variables: [a, b], learningRate: 1 }], { name: "sgd", momentum: 0.9 });
    expect(() => optimizer.update([tf.ones([2])])).toThrow(/Expected 2 gradients.*received 1/);
    expect(() => optimizer.update([tf.ones([2]), tf.ones([2])])).toThrow(/received \[2\] for \[3\]/);
    expect([optimizer.updates, ...a.dataSync(), ...b.dataSync()]).toEqual([0, 1, 1, 1, 1, 1]);
  });

  it("outlives the tidy that it was made or restored in, and takes a limit on the norm of no gradients", () => {
    const variable = tf.variable(tf.ones([2]));
    const rule = { name: "sgd", momentum: 0.5 } as const;
    let optimizer!: GroupedOptimizer;
    tf.tidy(() => {
      optimizer = new GroupedOptimizer([{ variables: [variable], learningRate: 1 }], rule);
    });
    tf.tidy(() => optimizer.restore([tf.tensor1d([2, 4])], 3));
    optimizer.update([tf.tensor1d([0, 1])]);
    expect(Array.from(variable.dataSync())).toEqual([0, -2]);
    expect(() => new GroupedOptimizer([], rule).update([], 1)).not.toThrow();
  });
});

import { single } from "@seg/collectives";
import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { attachGroup, BatchNormalization, batchNormalization, batchNormTrain } from "../src/index.ts";
import { everyLayer } from "../src/walk.ts";
import { replicas } from "./replicas.ts";
import { expectClose, madeUp, numbers, total } from "./values.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const norms = (model: tf.LayersModel) =>
  [...everyLayer(model)].filter((layer) => layer instanceof BatchNormalization) as BatchNormalization[];

/** Two norms, one of them in a nested model, one in a wrapper, one used twice; always the same weights. */
function network(options: Parameters<typeof batchNormalization>[0] = {}): tf.LayersModel {
  const dense = (units: number, seed: number) =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotNormal({ seed }) });
  const own = tf.input({ shape: [3, 4] });
  const deep = batchNormalization({ ...options, name: "deep", activation: "relu" });
  const nested = tf.model({ inputs: own, outputs: deep.apply(dense(4, 1).apply(own)) as tf.SymbolicTensor });
  const input = tf.input({ shape: [3, 4] });
  const wrapped = tf.layers.timeDistributed({ layer: batchNormalization({ ...options, name: "wrapped" }) });
  const shared = batchNormalization({ ...options, name: "shared" });
  const once = shared.apply(wrapped.apply(nested.apply(input))) as tf.SymbolicTensor;
  const twice = shared.apply(dense(4, 2).apply(once)) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: dense(2, 3).apply(twice) as tf.SymbolicTensor });
}

/** Gradients of a weighted sum, and the running statistics after it. */
function pass(model: tf.LayersModel, x: tf.Tensor, dy: tf.Tensor) {
  const { grads, value } = tf.variableGrads(
    () => (model.apply(x, { training: true }) as tf.Tensor).mul(dy).sum().asScalar(),
    model.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  const gradients = model.trainableWeights.map((weight) => numbers(grads[(weight.read() as tf.Variable).name]!));
  tf.dispose([grads, value]);
  return { gradients, statistics: norms(model).flatMap((norm) => norm.getWeights().slice(2).map(numbers)) };
}

describe("a model whose layers share a group", () => {
  it("has them all found, in nested models and wrappers, each once", () => {
    const model = network();
    expect(attachGroup(model, single)).toBe(3);
    expect(norms(model).every(({ group }) => group === single)).toBe(true);
    expect(attachGroup(model, undefined)).toBe(3);
    expect(norms(model).some(({ group }) => group)).toBe(false);
    model.dispose();
  });

  it("without a group, or in one of size 1, gives what one replica gives", () => {
    tf.tidy(() => {
      const x = madeUp("x", [5, 3, 4]);
      const outputs = [undefined, single].map((group) => {
        const model = network();
        attachGroup(model, group);
        const y = numbers(model.apply(x, { training: true }) as tf.Tensor);
        model.dispose();
        return y;
      });
      expect(outputs[1]).toEqual(outputs[0]);
    });
  });

  it("has the gradients and weights of one replica that holds everything, from one exchange each way for each use", () => {
    const sizes = [2, 1, 5];
    tf.tidy(() => {
      const xs = sizes.map((size, rank) => madeUp(`x${rank}`, [size, 3, 4], (u) => u * (rank + 1)));
      const dys = sizes.map((size, rank) => madeUp(`g${rank}`, [size, 3, 2]));
      const whole = network({ epsMode: "add" });
      const expected = pass(whole, tf.concat(xs), tf.concat(dys));
      const { results, calls } = replicas(3, (group, rank) => {
        const model = network({ epsMode: "add" });
        expect(attachGroup(model, group)).toBe(3);
        try {
          return pass(model, xs[rank]!, dys[rank]!);
        } finally {
          model.dispose();
        }
      });
      // deep once, shared twice, and wrapped for each of the three steps.
      expect(calls).toEqual({ allGather: 6, allReduce: 6 });
      // All together: a bias ahead of a batch norm has a gradient of rounding errors only, and so has a mean behind one.
      expectClose(total(results.map(({ gradients }) => gradients.flat())), expected.gradients.flat());
      for (const { statistics } of results) expectClose(statistics.flat(), expected.statistics.flat());
      whole.dispose();
    });
  });

  it("says so on an engine that cannot be read within a pass", async () => {
    const absent = !tf.findBackendFactory("webgpu");
    if (absent) tf.registerBackend("webgpu", tf.findBackendFactory("cpu") as () => tf.KernelBackend);
    await tf.setBackend("webgpu");
    try {
      const one = () =>
        tf.tidy(() => {
          const [x, ones] = [tf.ones([4, 2]), tf.ones([2])];
          batchNormTrain(x, ones, ones, { group: { ...single, size: 2 } });
        });
      expect(one).toThrow(expect.objectContaining({ code: "engine" }));
    } finally {
      await tf.setBackend("cpu");
      if (absent) tf.removeBackend("webgpu");
    }
  });

  it("tells all replicas when they hold too few values together", () => {
    const one = () =>
      replicas(2, (group, rank) => {
        const layer = batchNormalization({});
        layer.group = group;
        try {
          return tf.tidy(() => numbers(layer.apply(tf.ones([rank, 4]), { training: true }) as tf.Tensor));
        } finally {
          layer.dispose();
        }
      });
    expect(one).toThrow("more than one value per channel over 2 replicas when training but received [0,4]");
  });
});

// Not on wasm, whose own sum over nothing is whatever its memory holds: the gradient of a bias.
const ENGINES = ["cpu", "tensorflow"] as const;

describeEngines(
  "a replica with an empty batch",
  () => {
    const model = () =>
      tf.sequential({
        layers: [
          tf.layers.dense({ units: 4, inputShape: [3], kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }) }),
          batchNormalization({ activation: "relu" }),
          tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }) }),
        ],
      });

    it("goes forward and backward with the others, to gradients of zero and the same running statistics", () => {
      const { results } = replicas(2, (group, rank) => {
        const own = model();
        attachGroup(own, group);
        try {
          return tf.tidy(() => pass(own, madeUp("x", [rank * 5, 3]), madeUp("g", [rank * 5, 2])));
        } finally {
          own.dispose();
        }
      });
      const [empty, full] = results as [ReturnType<typeof pass>, ReturnType<typeof pass>];
      expect(empty.gradients.flat().every((value) => value === 0)).toBe(true);
      expect(full.gradients.flat().every(Number.isFinite)).toBe(true);
      expect(full.gradients.every((gradient) => gradient.some((value) => value !== 0))).toBe(true);
      expect(empty.statistics).toEqual(full.statistics);
    });
  },
  ENGINES,
);

describe("debiased running averages", () => {
  const momentum = 0.3;

  /** Σ decay^age · value / Σ decay^age, the start being the oldest. */
  function average(start: number, values: number[], decay: number): number {
    const all = [start, ...values].reverse();
    const weights = all.map((_, age) => decay ** age);
    return all.reduce((sum, value, age) => sum + value * weights[age]!, 0) / weights.reduce((a, b) => a + b);
  }

  it("weigh each step by its age, and the start as one of them", () => {
    const layer = batchNormalization({ runningAverage: "debiased", momentum });
    tf.tidy(() => {
      const steps = [0, 1, 2, 3].map((step) => madeUp(`x${step}`, [6, 2], (u) => u * (step + 1) + step));
      for (const x of steps) layer.apply(x, { training: true });
      const moments = steps
        .map((x) => tf.moments(x, 0))
        .map(({ mean, variance }) => [numbers(mean), numbers(variance)]);
      for (const channel of [0, 1]) {
        const means = moments.map(([mean]) => mean![channel]!);
        const variances = moments.map(([, variance]) => (variance![channel]! * 6) / 5);
        expectClose([numbers(layer.movingMean!.read())[channel]!], [average(0, means, 1 - momentum)]);
        expectClose([numbers(layer.movingVariance!.read())[channel]!], [average(1, variances, 1 - momentum)]);
      }
    });
    layer.dispose();
  });

  it("move by a thousandth unless told otherwise, as the original's do", () => {
    expect(batchNormalization({ runningAverage: "debiased" }).momentum).toBe(0.001);
    expect(batchNormalization({}).momentum).toBe(0.1);
  });

  it("go on after saving and loading as if nothing had been", async () => {
    const make = () =>
      tf.sequential({
        layers: [
          tf.layers.inputLayer({ inputShape: [2] }),
          batchNormalization({ runningAverage: "debiased", momentum }),
        ],
      });
    const step = (model: tf.LayersModel, key: string) =>
      tf.tidy(
        () =>
          void model.apply(
            madeUp(key, [6, 2], (u) => 3 * u),
            { training: true },
          ),
      );
    const model = make();
    for (const key of ["a", "b"]) step(model, key);
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
      }),
    );
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
    for (const each of [model, loaded]) step(each, "c");
    expect(loaded.weights.map(({ originalName }) => originalName.split("/").pop())).toEqual([
      "gamma",
      "beta",
      "moving_mean",
      "moving_variance",
      "running_iter",
    ]);
    expect(loaded.getWeights().map(numbers)).toEqual(model.getWeights().map(numbers));
    model.dispose();
    loaded.dispose();
  });
});

describe("a model with a group", () => {
  it("learns by model.fit and by an optimizer's minimize", async () => {
    const model = network();
    attachGroup(model, single);
    const [x, y] = [madeUp("x", [8, 3, 4]), madeUp("y", [8, 3, 2])];
    model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError" });
    const { history } = await model.fit(x, y, { epochs: 4, verbose: 0, shuffle: false });
    const losses = history.loss as number[];
    const optimizer = tf.train.sgd(0.05);
    const loss = () => tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor).asScalar();
    for (let step = 0; step < 4; step++) losses.push(numbers(optimizer.minimize(loss, true)!)[0]!);
    expect(losses.at(3)!).toBeLessThan(losses[0]!);
    expect(losses.at(-1)!).toBeLessThan(losses.at(3)!);
    tf.dispose([x, y]);
    optimizer.dispose();
    model.dispose();
  });
});

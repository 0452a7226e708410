import { single } from "@seg/collectives";
import { uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { DataParallel, dataParallelOptimizer } from "../src/index.ts";
import { createModel, fit, type Samples } from "./fixtures/fits.ts";

const rows = (key: string, count: number, width: number) => {
  const values = uniform(key, count * width, (u) => 2 * u - 1);
  return Array.from({ length: count }, (_, i) => [...values.slice(i * width, (i + 1) * width)]);
};

describe("model.fit over replicas, each with half of every batch", () => {
  it("moves the weights as model.fit of TF.js alone does with the whole batches", async () => {
    const [x, y] = [rows("x", 24, 3), rows("y", 24, 2)];
    // Of batches of eight rows each replica has four.
    const half = (rank: number): Samples => {
      const own = (_: unknown, row: number) => Math.floor((row % 8) / 4) === rank;
      return { x: x.filter(own), y: y.filter(own) };
    };
    await tf.setBackend("cpu");
    const model = createModel(1);
    const expected = await fit(model, tf.train.momentum(0.05, 0.9), { x, y }, 8);
    model.dispose();
    const devices = [{ engine: "cpu" as const }, { engine: "cpu" as const }];
    const module = new URL("fixtures/fits.ts", import.meta.url);
    const parallel = await DataParallel.launch({ devices, module });
    try {
      const dicts = [0, 1].map((rank) => ({ samples: half(rank), batchSize: 4 }));
      const [first, second] = (await parallel.run(dicts)) as unknown as number[][][];
      expect(second).toEqual(first);
      for (const [i, values] of expected.entries()) {
        for (const [k, value] of values.entries()) expect(first![i]![k]!).toBeCloseTo(value, 5);
      }
    } finally {
      await parallel.dispose();
    }
  });
});

describe("An optimizer over a group", () => {
  it("is the one inside it but for the gradients, which a group of one leaves alone", async () => {
    await tf.setBackend("cpu");
    const values = [tf.tensor1d([1, 2]), tf.scalar(3)];
    const variables = values.map((value) => tf.variable(value));
    const gradients = variables.map(({ name, shape }) => ({ name, tensor: tf.ones(shape) }));
    const calls: number[] = [];
    const threefold = {
      ...single,
      size: 3,
      allReduce: (data: Float32Array) => {
        calls.push(data.length);
        for (let i = 0; i < data.length; i++) data[i]! *= 3;
      },
    };
    const own = tf.train.momentum(1, 0.5);
    const optimizer = dataParallelOptimizer(own, threefold);
    optimizer.applyGradients(gradients);
    // One number more than the gradients: that they are of the same variables.
    expect(variables.map((variable) => [...variable.dataSync()])).toEqual([[0, 1], [2]]);
    expect(calls).toEqual([4]);
    expect(optimizer.iterations).toBe(own.iterations);
    expect(optimizer.getConfig()).toEqual(own.getConfig());
    expect(optimizer.getClassName()).toBe(own.getClassName());
    const [ours, theirs] = [await optimizer.getWeights(), await own.getWeights()];
    expect(ours.slice(1)).toEqual(theirs.slice(1));
    tf.dispose([ours[0]!.tensor, theirs[0]!.tensor]);
    // The loss may not depend on a variable.
    optimizer.applyGradients({ [gradients[0]!.name]: gradients[0]!.tensor });
    expect(calls).toEqual([4, 3]);
    expect([...variables[1]!.dataSync()]).toEqual([2]);
    dataParallelOptimizer(tf.train.sgd(1), single).applyGradients(gradients);
    expect(calls).toEqual([4, 3]);
    expect([...variables[1]!.dataSync()]).toEqual([1]);
    optimizer.dispose();
    tf.dispose([values, variables, gradients.map(({ tensor }) => tensor)]);
  });

  it("refuses gradients that other replicas list in another way, and options that there are not", async () => {
    await tf.setBackend("cpu");
    const parallel = { ...single, size: 2 };
    // The other replica's bucket: the same gradients of other variables.
    const other = {
      ...parallel,
      allReduce: (data: Float32Array) => data.set(data.map((n, i) => 2 * n + (i === 0 ? 1 : 0))),
    };
    const variable = tf.variable(tf.tensor1d([1, 2]));
    const gradients = { [variable.name]: tf.ones([2]) };
    for (const reduce of ["mean", "sum"] as const) {
      const optimizer = dataParallelOptimizer(tf.train.sgd(1), other, { reduce });
      expect(() => optimizer.applyGradients(gradients)).toThrow(expect.objectContaining({ code: "option" }));
    }
    expect([...variable.dataSync()]).toEqual([1, 2]);
    const make = (options: object) => () => dataParallelOptimizer(tf.train.sgd(1), parallel, options);
    expect(make({ reduction: "sum" })).toThrow(
      expect.objectContaining({ code: "option", data: { option: "reduction", nearest: undefined } }),
    );
    expect(make({ reduce: "avg" })).toThrow(
      expect.objectContaining({ code: "option", data: { option: "reduce", received: "avg" } }),
    );
  });
});

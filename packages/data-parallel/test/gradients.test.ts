import { type Group, solo } from "@seg/collectives";
import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { allReduceGradients, broadcastParameters, DataParallel, lossShare } from "../src/index.ts";
import {
  type Batch,
  concatBatches,
  createBatch,
  createNetwork,
  gradientsOf,
  LEARNING_RATE,
  MOMENTUM,
  meanLoss,
  validPixels,
} from "./fixtures/network.ts";
import type { Training } from "./fixtures/trains.ts";
import { LAUNCHERS } from "./launch/launchers.ts";

/** A group in which every other rank gives the same numbers, and counts its calls. */
function echoGroup(size: number) {
  const calls: number[] = [];
  const group: Group = {
    ...solo,
    size,
    allReduce(data) {
      calls.push(data.length);
      for (let i = 0; i < data.length; i++) data[i]! *= size;
    },
    broadcast(data, root) {
      calls.push(data.length);
      data.fill(root ?? 0);
    },
  };
  return { group, calls };
}

describeEngines("Gradients all-reduced", () => {
  it("pass through one buffer, and come back in their shapes; the caller's stay", () => {
    const { group, calls } = echoGroup(4);
    const gradients = [tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), tf.scalar(7), tf.tensor1d([8, 9])];
    const sums = allReduceGradients(gradients, group, { reduce: "sum" });
    expect(sums.map(({ shape }) => shape)).toEqual([[3, 2], [], [2]]);
    expect(sums.map((sum) => [...sum.dataSync()])).toEqual([[4, 8, 12, 16, 20, 24], [28], [32, 36]]);
    const [mean] = allReduceGradients([gradients[0]!], group);
    expect([...mean!.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(calls).toEqual([9, 6]);
    expect([...gradients[0]!.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
    tf.dispose([gradients, sums, mean!]);
  });

  it("of a replica without a valid pixel count as nothing, even when they are not numbers", () => {
    const { group } = echoGroup(2);
    const gradients = [tf.tensor1d([Number.NaN, 1])];
    const [mean] = allReduceGradients(gradients, group, { weight: 0 });
    expect([...mean!.dataSync()]).toEqual([0, 0]);
    tf.dispose([gradients, mean!]);
  });

  it("are copies where there is one replica", () => {
    const gradient = tf.tensor1d([1, 2]);
    const [own] = allReduceGradients([gradient], solo, { weight: 5 });
    gradient.dispose();
    expect([...own!.dataSync()]).toEqual([1, 2]);
    own!.dispose();
    expect(allReduceGradients([], echoGroup(2).group)).toEqual([]);
  });

  it("leave variables alone that are given to all by another rank", () => {
    const { group, calls } = echoGroup(2);
    const values = [tf.tensor2d([1, 2], [1, 2]), tf.scalar(3)];
    const variables = values.map((value) => tf.variable(value));
    broadcastParameters(variables, group, 1);
    expect(variables.map((variable) => [...variable.dataSync()])).toEqual([[1, 1], [1]]);
    expect(calls).toEqual([3]);
    tf.dispose([values, variables]);
  });
});

describe("What cannot be all-reduced", () => {
  it("is refused in one line", async () => {
    const { group } = echoGroup(2);
    const whole = tf.tensor1d([1, 2], "int32");
    const option = (message: RegExp) =>
      expect.objectContaining({ code: "option", message: expect.stringMatching(message) });
    expect(() => allReduceGradients([whole], group)).toThrow(option(/float32 .* int32/));
    for (const weight of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => lossShare(group, weight)).toThrow(option(new RegExp(`received ${weight}`)));
    whole.dispose();
  });
});

/** Trains in this thread with what TF.js itself has, on the gradient of `loss`. */
function trainAlone(steps: Batch[][], loss: (model: tf.LayersModel, parts: Batch[]) => tf.Scalar): Float32Array[] {
  const { model, variables } = createNetwork(1);
  const optimizer = tf.train.momentum(LEARNING_RATE, MOMENTUM);
  for (const parts of steps) {
    const gradients = gradientsOf(variables, () => loss(model, parts));
    optimizer.applyGradients(variables.map(({ name }, i) => ({ name, tensor: gradients[i]! })));
    tf.dispose(gradients);
  }
  const weights = variables.map((variable) => variable.dataSync().slice() as Float32Array);
  optimizer.dispose();
  model.dispose();
  return weights;
}

/** The largest difference, relative to the largest weight. */
function difference(a: Float32Array[], b: Float32Array[]): number {
  const [left, right] = [a, b].map((arrays) => arrays.flatMap((array) => [...array])) as [number[], number[]];
  expect(left.length).toBe(right.length);
  return Math.max(...left.map((value, i) => Math.abs(value - right[i]!))) / Math.max(...right.map(Math.abs));
}

const STEPS = 5;
const MODULE = new URL("fixtures/trains.ts", import.meta.url);

describe.each(LAUNCHERS)("Two replicas as $launcher", ({ launcher, absent }) => {
  it.skipIf(absent)(
    `train to the weights of one with all the images${absent ? ` (skipped: ${absent})` : ""}`,
    async () => {
      const parallel = await DataParallel.launch<Training, { weights: Float32Array[]; left: number }>({
        devices: [{ engine: "cpu" }, { engine: "cpu" }],
        module: MODULE,
        launcher,
      });
      const train = async (weigh: Training["weigh"], steps: Batch[][]) => {
        const own = [0, 1].map((rank) => ({ weigh, batches: steps.map((parts) => parts[rank]!) }));
        const [first, second] = await parallel.run(own);
        expect(second).toEqual(first);
        expect(first!.left).toBe(0);
        return first!.weights;
      };
      try {
        await tf.setBackend("cpu");
        const alike = Array.from({ length: STEPS }, (_, i) => [
          createBatch(2 * i, [2, 5, 6], 1),
          createBatch(2 * i + 1, [2, 5, 6], 1),
        ]);
        const expected = trainAlone(alike, (model, parts) => meanLoss(model, concatBatches(parts)));
        const start = trainAlone([], () => tf.scalar(0));
        expect(difference(start, expected)).toBeGreaterThan(0.1);
        for (const weigh of ["replicas", "pixels", "shares"] as const)
          expect(difference(await train(weigh, alike), expected)).toBeLessThan(1e-4);

        const unlike = Array.from({ length: STEPS }, (_, i) => [
          createBatch(2 * i, [1, 4, 7], 0.3),
          createBatch(2 * i + 1, [3, 5, 3], 0.9),
        ]);
        const byPixels = trainAlone(unlike, (model, parts) => {
          const losses = parts.map((part) => meanLoss(model, part).mul<tf.Scalar>(validPixels(part)));
          return tf.addN(losses).div(parts.reduce((sum, part) => sum + validPixels(part), 0));
        });
        const byReplicas = trainAlone(unlike, (model, parts) =>
          tf.addN(parts.map((part) => meanLoss(model, part))).div(2),
        );
        expect(difference(byPixels, byReplicas)).toBeGreaterThan(1e-2);
        expect(difference(await train("pixels", unlike), byPixels)).toBeLessThan(1e-4);
        expect(difference(await train("shares", unlike), byPixels)).toBeLessThan(1e-4);
        expect(difference(await train("replicas", unlike), byReplicas)).toBeLessThan(1e-4);
      } finally {
        await parallel.dispose();
      }
    },
  );
});

import type { ScaledInput } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend";
import type { InferenceModel } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, it } from "vitest";
import { predictLabels } from "../../src/model/predict-labels.ts";

beforeAll(async () => {
  await startEngine("cpu");
});

/** Class 1 where the pixel to the left is bright, class 0 elsewhere; so it sees other things in a mirror. */
const network: InferenceModel = {
  async run({ data, shape }) {
    const [, height, width] = shape as [number, number, number];
    const scores = Float32Array.from({ length: height * width * 2 }, (_, i) => {
      const pixel = Math.floor(i / 2);
      if (i % 2 === 0) return 0.4;
      return pixel % width === 0 ? 0 : data[(pixel - 1) * 3]!;
    });
    return [{ data: scores, shape: [1, height, width, 2] }];
  },
  dispose() {},
};

const scale = (values: number[]): ScaledInput => ({
  data: Float32Array.from(values.flatMap((value) => [value, 0, 0])),
  width: values.length,
  height: 1,
  shortSide: 1,
});

it("gives each pixel the class of the highest score", async () => {
  const before = tf.memory().numTensors;
  const labels = await predictLabels(network, [scale([1, 0, 0, 1])], [1, 4]);
  expect([...labels]).toEqual([0, 1, 0, 0]);
  expect(tf.memory().numTensors).toBe(before);
});

it("averages over scales and mirror images", async () => {
  // Seen in a mirror, the bright pixel's neighbour is the one to its right: each gets the probabilities of (0.4, 1) and (0.4, 0).
  const p = (score: number) => Math.exp(score) / (Math.exp(score) + Math.exp(0.4));
  expect((p(1) + p(0)) / 2).toBeGreaterThan(0.5);
  expect([...(await predictLabels(network, [scale([0, 1, 0, 0])], [1, 4], { flip: true }))]).toEqual([1, 0, 1, 0]);
  const scales = [scale([0, 1, 0, 0]), scale([0, 0, 0, 1])];
  expect((p(1) + p(0)) / 2).toBeGreaterThan(0.5);
  expect([...(await predictLabels(network, scales, [1, 4]))]).toEqual([0, 0, 1, 0]);
});

it("tells of each scale, stops between two, and leaves no tensor behind", async () => {
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const seen: number[] = [];
  const onScale = (done: number) => {
    seen.push(done);
    if (done === 2) controller.abort(new Error("enough"));
  };
  const scales = Array.from({ length: 5 }, () => scale([0, 1]));
  await expect(predictLabels(network, scales, [1, 2], { signal: controller.signal, onScale })).rejects.toThrow(
    "enough",
  );
  expect(seen).toEqual([1, 2]);
  expect(tf.memory().numTensors).toBe(before);
});

it.each([Number.NaN, Number.POSITIVE_INFINITY])("tells of the weights where scores are %s", async (score) => {
  const overflowing: InferenceModel = {
    ...network,
    async run({ shape }) {
      const [, height, width] = shape as [number, number, number];
      return [{ data: new Float32Array(height * width * 2).fill(score), shape: [1, height, width, 2] }];
    },
  };
  await expect(predictLabels(overflowing, [scale([1, 0])], [1, 2])).rejects.toMatchObject({
    code: "failed",
    message: `Expected finite scores but received ${score} from the network: its weights are damaged, or too large for the engine; take others.`,
  });
});

import { tidyAsync, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect } from "vitest";
import { type GraphModelOptions, graphModelArtifacts } from "../src/index.ts";

/** A tensor of made-up numbers from −1 to 1. */
export function image(shape: number[], key = "image"): tf.Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from(uniform(key, count, (u) => 2 * u - 1)), shape);
}

/** Gives every weight made-up values under which signals keep their size, the statistics of batch norms among them. */
export function randomized(model: tf.LayersModel): tf.LayersModel {
  tf.tidy(() => {
    const values = model.weights.map((variable, i) => {
      const shape = variable.shape as number[];
      const fanIn = shape.slice(0, -1).reduce((a, b) => a * b, 1);
      const scale = shape.length > 1 ? 1.2 * Math.sqrt(3 / fanIn) : 0.3;
      const isScale = /gamma|variance/.test(variable.originalName);
      const map = isScale ? (u: number) => 0.5 + u : (u: number) => (2 * u - 1) * scale;
      const count = shape.reduce((a, b) => a * b, 1);
      return tf.tensor(Float32Array.from(uniform(`${i}`, count, map)), shape);
    });
    model.setWeights(values);
  });
  return model;
}

/** A model as TensorFlow.js opens it. */
export const opened = (models: Parameters<typeof graphModelArtifacts>[0], options: GraphModelOptions = {}) =>
  tf.loadGraphModel(tf.io.fromMemory(graphModelArtifacts(models, options)));

/** Numbers that differ by a ten-thousandth of the largest at most. */
export async function expectSame(actual: tf.Tensor, expected: tf.Tensor, bound = 1e-4): Promise<void> {
  expect([actual.shape, actual.dtype]).toEqual([expected.shape, expected.dtype]);
  const [received, wanted] = [await actual.data(), await expected.data()];
  let [worst, largest] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(received[i]! - wanted[i]!);
    if (!(difference <= worst)) worst = difference;
    largest = Math.max(largest, Math.abs(wanted[i]!));
  }
  expect(largest).toBeGreaterThan(0);
  expect(worst).toBeLessThan(bound * largest);
}

/** A model and its graph give the same for an image. */
export async function expectSameGraph(model: tf.LayersModel, x: tf.Tensor): Promise<void> {
  const graph = await opened(model);
  await tidyAsync(async () => {
    const [actual, expected] = [graph.predict(x), model.predict(x)].map((y) => [y].flat() as tf.Tensor[]);
    expect(actual!.length).toBe(expected!.length);
    for (const [i, y] of expected!.entries()) await expectSame(actual![i]!, y);
  });
  graph.dispose();
}

import { uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect } from "vitest";
import { type OnnxOptions, toOnnx } from "../src/index.ts";
import { float32, runAll } from "./run.ts";

type Models = tf.LayersModel | readonly tf.LayersModel[];

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Made-up numbers in [−1, 1). */
export const madeUp = (key: string, shape: readonly number[]): Float32Array =>
  Float32Array.from(uniform(key, count(shape), (u) => 2 * u - 1));

/** What weights of a kind are made of: none of them such that leaving it out, or mixing two up, would make no difference. */
const KINDS: Readonly<Record<string, (u: number) => number>> = {
  gamma: (u) => 0.5 + u,
  moving_variance: (u) => 0.5 + 2 * u,
  bias: (u) => u - 0.5,
  beta: (u) => u - 0.5,
  moving_mean: (u) => u - 0.5,
};

/** Gives a model made-up weights, batch norms' statistics too; gives the model. */
export function filled<Model extends tf.LayersModel>(model: Model): Model {
  tf.tidy(() =>
    model.setWeights(
      model.weights.map((variable, i) => {
        const shape = variable.shape as number[];
        const kind = KINDS[variable.originalName.split("/").at(-1)!];
        const scale = Math.sqrt(6 / Math.max(1, count(shape.slice(0, -1))));
        return tf.tensor(
          Float32Array.from(uniform(`weight ${i}`, count(shape), kind ?? ((u) => (2 * u - 1) * scale))),
          shape,
        );
      }),
    ),
  );
  return model;
}

/** What a chain's own `predict` gives. */
export function predict(models: Models, x: tf.Tensor): tf.Tensor[] {
  return [models]
    .flat()
    .reduce<tf.Tensor[]>(
      (tensors, model) => [(model as tf.LayersModel).predict(tensors.length === 1 ? tensors[0]! : tensors)].flat(),
      [x],
    );
}

/** Values with the channels first, if they are an image's. */
export const channelsFirst = (x: tf.Tensor): tf.Tensor => (x.rank === 4 ? x.transpose([0, 3, 1, 2]) : x);

/** Expects values within a share of the largest expected one. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    const error = Math.abs(actual[i]! - expected[i]!);
    // NaN too is worse than what there was.
    if (!(error <= worst)) worst = error;
  }
  expect(largest, "the largest expected value").toBeGreaterThan(0);
  expect(worst / largest, "the largest error, relative to the largest value").toBeLessThanOrEqual(tolerance);
}

/**
 * Expects ONNX Runtime to give for the models' file what `predict` gives, for inputs of these shapes, in both layouts unless told.
 *
 * @param options - Those of `toOnnx`, and `tolerance`: the largest error, relative to the largest value.
 */
export async function expectSame(
  models: Models,
  shapes: readonly (readonly number[])[],
  {
    tolerance = 1e-5,
    layouts = ["nchw", "nhwc"],
    ...options
  }: Omit<OnnxOptions, "layout"> & { tolerance?: number; layouts?: readonly NonNullable<OnnxOptions["layout"]>[] } = {},
): Promise<void> {
  const cases = shapes.map((shape) =>
    tf.tidy(() => {
      const image = tf.tensor(madeUp(`image ${shape}`, shape), shape as number[]);
      const all = predict(models, image);
      const wanted = (options.outputs ?? all.map((_, i) => i)).map((i) => all[i]!);
      return layouts.map((layout) =>
        [image, ...wanted].map((tensor) => {
          const ordered = layout === "nchw" ? channelsFirst(tensor) : tensor;
          return { data: ordered.dataSync(), dims: ordered.shape };
        }),
      );
    }),
  );
  for (const [i, layout] of layouts.entries()) {
    const file = toOnnx(models, { ...options, layout });
    const inputs = cases.map((one) => ({ [file.inputs[0]!]: float32(one[i]![0]!.data, one[i]![0]!.dims) }));
    for (const [n, results] of (await runAll(file, inputs)).entries()) {
      const [, ...expected] = cases[n]![i]!;
      expect(results.map(({ name }) => name)).toEqual(file.outputs);
      expect(results.map(({ dims }) => dims)).toEqual(expected.map(({ dims }) => dims));
      for (const [k, { data }] of results.entries()) expectClose(data, expected[k]!.data, tolerance);
    }
  }
}

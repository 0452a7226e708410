import { decodeImage, validationScales } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend";
import { labelsOf, type ScoreMap, type TensorInferenceModel } from "@seg/layers";
import { loadNetwork, scaleOptions } from "@seg/segmenter";
import { expectLabels, shared, unlessShared } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO_MODEL, DEMO_PHOTO } from "../../src/config/demo-model.ts";
import { resolveModel } from "../../src/options.ts";
import type { WeightFiles } from "../../src/weights/find.ts";

const { resolved, locate } = resolveModel(DEMO_MODEL, "TEST");
let network: TensorInferenceModel;

beforeAll(async () => {
  await startEngine("wasm");
  network = await loadNetwork(resolved.config, (await locate()) as WeightFiles);
});
afterAll(() => network.dispose());

/** What the bundled model says of a photo at some short sides, and of its mirror image at the first of them. */
async function scoresOf(file: string, sizes: number[]): Promise<{ maps: ScoreMap[]; size: [number, number] }> {
  const image = await decodeImage(file);
  const maps: ScoreMap[] = [];
  for (const scale of validationScales(image, scaleOptions(resolved.config, sizes))) {
    for (const flipped of maps.length === 0 ? [false, true] : [false]) {
      const scores = tf.tidy(() => {
        const input = tf.tensor4d(scale.data, [1, scale.height, scale.width, 3]);
        return network.predict(flipped ? tf.reverse(input, 2) : input)[0] as tf.Tensor4D;
      });
      const [, height, width, classes] = scores.shape;
      maps.push({ data: (await scores.data()) as Float32Array, height, width, classes, flipped });
      scores.dispose();
    }
  }
  return { maps, size: [image.height, image.width] };
}

/** Compares all pixels, for one scale and for all of the maps; and, for one scale, the engine's own argmax. */
async function compare(file: string, sizes: number[]) {
  const { maps, size } = await scoresOf(file, sizes);
  const one = maps.slice(0, 1);
  expectLabels(labelsOf(one, size), one, size);
  expectLabels(labelsOf(maps, size), maps, size);
  const { data, height, width, classes } = one[0]!;
  const byEngine = tf.tidy(() => {
    const scores = tf.tensor4d(data, [1, height, width, classes]);
    return tf.argMax(tf.image.resizeBilinear(scores, size, false, true), 3).dataSync();
  });
  // The engine interpolates in float32: a few roundings, where float64 has none.
  const different = expectLabels(byEngine, one, size, 16);
  expect(different).toBeLessThan(20);
}

describe("the labels of all pixels are those of a slow float64 softmax, mean and argmax", () => {
  it("on the photo that comes along", () => compare(DEMO_PHOTO, [300, 225]));

  const sample = shared("data/ade20k-sample/images");
  const photos = ["training/ADE_train_00000001.jpg", "validation/ADE_val_00000001.jpg"];
  it.skipIf(!sample).each(photos)(`on %s${unlessShared}`, (photo) => compare(`${sample}/${photo}`, [300, 225]));
});

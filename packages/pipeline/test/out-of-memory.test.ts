import type { ScaledInput, TrainBatch } from "@seg/ade20k-data";
import { BackendError } from "@seg/backend";
import { single } from "@seg/collectives";
import type { InferenceModel } from "@seg/layers";
import { OnnxError } from "@seg/onnx";
import { predictLabels } from "@seg/segmenter";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../src/config/load.ts";
import type { Run } from "../src/train/loop.ts";
import { trainStep } from "../src/train/step.ts";

const ofEngine = new BackendError("out-of-memory", "Engine wasm ran out of memory in Conv2D (no more): use less.", {
  data: { engine: "wasm", operation: "Conv2D", reason: "no more" },
});

/** A photo at these short sides. */
const scales = (...sides: number[]): ScaledInput[] =>
  sides.map((side) => ({
    data: new Float32Array(side * side * 2 * 3),
    width: side * 2,
    height: side,
    shortSide: side,
  }));

/** A network of two classes for which images above a height are too much. */
const upTo = (most: number, error: Error) =>
  ({
    run: async ({ shape: [, height, width] }: { shape: number[] }) => {
      if (height! > most) throw error;
      return [{ data: new Float32Array(height! * width! * 2), shape: [1, height, width, 2] }];
    },
  }) as unknown as InferenceModel;

describe("where memory runs out", () => {
  it("a photo's line names the scale, and the largest that went through", async () => {
    await expect(predictLabels(upTo(20, ofEngine), scales(10, 20, 30), [10, 20])).rejects.toMatchObject({
      code: "out-of-memory",
      message:
        "Expected memory for 1 image of 60×30 on engine wasm but it ran out in Conv2D (no more): set DATASET.imgSizes to 20 at most, which went through, or take another engine.",
      data: { key: "DATASET.imgSizes", received: [1, 30, 60], operation: "Conv2D", reason: "no more" },
      cause: ofEngine,
    });
  });

  it.each([
    new OnnxError("out-of-memory", "ONNX Runtime ran out", { data: { reason: "bad allocation" } }),
    new RangeError("Array buffer allocation failed"),
    new Error("std::bad_alloc"),
  ])("a size with half as many pixels is named where none went through: %o", async (error) => {
    await expect(predictLabels(upTo(5, error), scales(30), [10, 20])).rejects.toMatchObject({
      code: "out-of-memory",
      message: expect.stringMatching(/set DATASET\.imgSizes to 21 at most, which has half as many pixels/),
    });
  });

  it("other errors stay what they are", async () => {
    const error = new BackendError("engine-failed", "Engine wasm failed in Conv2D.");
    await expect(predictLabels(upTo(5, error), scales(30), [10, 20])).rejects.toBe(error);
  });

  it.each<[number, RegExp]>([
    [
      3,
      /3 images of 40×32 .*: set TRAIN\.batch_size_per_gpu to 1 \(with TRAIN\.accumulate 3 an update sees as many photos\) or DATASET\.imgSizes to 22 at most/,
    ],
    [1, /1 image of 40×32 .*: set DATASET\.imgSizes to 22 at most, which has half as many pixels, .* --resume/],
  ])("a training's line names its batch of %i, its size, and what is smaller", async (batch, message) => {
    const { config } = loadConfig();
    const files = Array.from({ length: batch }, (_, i) => `${i}.jpg`);
    const next: Partial<TrainBatch> = { files, height: 32, width: 40, labels: new Int32Array() };
    const run = {
      ...{ config, group: single },
      loader: { next: async () => next },
      trainer: { weightOf: () => 1, add: () => Promise.reject(ofEngine) },
    } as unknown as Run;
    await expect(trainStep(run, { epoch: 0, iteration: 0 }, { encoder: 1, decoder: 1 })).rejects.toMatchObject({
      code: "out-of-memory",
      message: expect.stringMatching(message),
    });
  });
});

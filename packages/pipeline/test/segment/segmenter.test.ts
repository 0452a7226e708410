import type { InferenceModel } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, it } from "vitest";
import { type InferenceEngineInfo, loadConfig } from "../../src/index.ts";
import { type Photo, Segmenter } from "../../src/segment/segmenter.ts";

beforeAll(() => tf.setBackend("cpu"));

it("refuses pixels that are not RGB bytes, before the network sees them", async () => {
  const network: InferenceModel = {
    run: () => {
      throw new Error("The network has run.");
    },
    dispose: () => {},
  };
  const segmenter = new Segmenter(loadConfig().config, {} as InferenceEngineInfo, [], network);
  const [width, height] = [20, 20];
  for (const photo of [
    { data: new Uint8ClampedArray(width * height * 4), width, height },
    { data: new Uint8Array(10), width, height },
    { data: new Float32Array(width * height * 3), width, height },
    { data: new Uint8Array(0), width: 0, height: 0 },
    {},
    undefined,
    5,
    new ArrayBuffer(4),
    tf.fill([20, 20, 3], -5),
    tf.fill([20, 20, 3], 300),
    tf.fill([20, 20, 3], Number.NaN),
    tf.fill([20, 20, 4], 1),
  ]) {
    await expect(segmenter.segment(photo as Photo)).rejects.toMatchObject({
      code: "option",
      data: { option: "photo" },
    });
  }
});

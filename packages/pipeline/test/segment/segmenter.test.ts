import { ADE20K_CLASSES } from "@seg/ade20k-data";
import type { InferenceModel } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { type InferenceEngineInfo, loadConfig } from "../../src/index.ts";
import { type Photo, Segmenter } from "../../src/segment/segmenter.ts";

/** Gives one score map of two by two: sky (2) wins in the left column, wall (0) in the right, by one logit. */
const network: InferenceModel = {
  run: async () => {
    const data = new Float32Array(2 * 2 * 150).fill(-100);
    for (let i = 0; i < 4; i++) data.set([i % 2, -100, 1 - (i % 2)], i * 150);
    return [{ data, shape: [1, 2, 2, 150] }];
  },
  dispose: () => {},
};

const photo = { data: new Uint8Array(40 * 20 * 3).fill(200), width: 40, height: 20 };

const segmenterOf = (network: InferenceModel) =>
  new Segmenter(
    loadConfig({ pairs: ["DATASET.imgSizes", "20"] }).config,
    {} as InferenceEngineInfo,
    ADE20K_CLASSES,
    network,
  );

describe("A segmentation", () => {
  it("has a mask of each class, named or by its index", async () => {
    const { mask, labels } = await segmenterOf(network).segment(photo);
    const { data, width, height } = mask("sky");
    expect([width, height]).toEqual([40, 20]);
    expect(data).toEqual(Uint8Array.from(labels, (label) => (label === 2 ? 255 : 0)));
    expect(data.filter((value) => value === 255)).toHaveLength(400);
    expect(mask(2).data).toEqual(data);
    expect(mask("person").data).toEqual(new Uint8Array(800));
    const refused = (received: unknown) =>
      expect.objectContaining({ code: "option", data: { option: "mask", received } });
    expect(() => mask("skyy")).toThrow(refused("skyy"));
    expect(() => mask("skyy")).toThrow('did you mean "sky"');
    for (const which of [150, -1, 0.5]) expect(() => mask(which)).toThrow(refused(which));
  });

  it("has a legend of the classes present", async () => {
    const { legend, classes } = await segmenterOf(network).segment(photo);
    expect(classes.map(({ name }) => name).sort()).toEqual(["sky", "wall"]);
    const { data, width, height } = legend();
    expect(data.length).toBe(width * height * 3);
    expect(height).toBe(2 * 26 + 10);
  });

  it("has each class's probability at each pixel, where they are asked for", async () => {
    expect((await segmenterOf(network).segment(photo)).scores).toBeUndefined();
    const { scores, labels } = await segmenterOf(network).segment(photo, { scores: true });
    expect(scores!.shape).toEqual([20, 40, 150]);
    const [first, ...more] = scores!.rows();
    expect(more).toHaveLength(19);
    // Left of the first score all pixels have its logits, 1 and 0.
    expect(first![2]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
    expect(first![0]).toBeCloseTo(1 / (1 + Math.exp(1)), 6);
    for (let x = 0; x < 40; x++) expect(first![x * 150 + labels[x]!]).toBeGreaterThanOrEqual(0.5);
  });
});

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

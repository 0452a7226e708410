import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ADE20K_CLASSES, writeImage } from "@seg/ade20k-data";
import type { InferenceModel } from "@seg/layers";
import { temporaryFolder } from "@seg/testing/node";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { type InferenceEngineInfo, loadConfig } from "../../src/index.ts";
import type { Photo } from "../../src/segment/photo.ts";
import { Segmenter } from "../../src/segment/segmenter.ts";

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

const [width, height] = [20, 16];

/** A segmenter whose network tells what it is given, and goes no further. */
function listening(): { segmenter: Segmenter; heard: Float32Array[]; disposed: () => number } {
  const heard: Float32Array[] = [];
  let times = 0;
  const network: InferenceModel = {
    run: ({ data }) => {
      heard.push(data as Float32Array);
      throw new Error("The network has run.");
    },
    dispose: () => {
      times++;
    },
  };
  const segmenter = new Segmenter(loadConfig().config, {} as InferenceEngineInfo, [], network);
  return { segmenter, heard, disposed: () => times };
}

it("refuses what is no photo, before the network sees it", async () => {
  const { segmenter } = listening();
  for (const photo of [
    { data: new Uint8Array(10), width, height },
    { data: new Float32Array(width * height * 3).fill(0.5), width, height },
    { data: new Uint8Array(0), width: 0, height: 0 },
    {},
    undefined,
    5,
    new Float32Array(width * height * 3),
    tf.fill([20, 20, 3], -5),
    tf.fill([20, 20, 3], 300),
    tf.fill([20, 20, 3], Number.NaN),
    tf.fill([20, 20, 3], 0.5),
    tf.fill([20, 20, 5], 9),
    tf.fill([20, 20], 9),
    tf.fill([20, 20, 3], 1, "bool"),
  ]) {
    await expect(segmenter.segment(photo as Photo)).rejects.toMatchObject({
      name: "PipelineError",
      code: "option",
      data: { option: "photo" },
    });
  }
});

it("gives the network the same whatever form a photo comes in", async () => {
  const { segmenter, heard } = listening();
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256);
  const rgba = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) =>
    i % 4 === 3 ? i % 256 : rgb[Math.floor(i / 4) * 3 + (i % 4)]!,
  );
  const folder = temporaryFolder();
  await writeImage(join(folder, "a.png"), { data: rgb, width, height });
  const png = Uint8Array.from(readFileSync(join(folder, "a.png")));
  const path = join(folder, "a b");
  copyFileSync(join(folder, "a.png"), path);
  const photos: Photo[] = [
    { data: rgb, width, height },
    { data: rgba, width, height },
    { data: Float32Array.from(rgb), width, height, channels: 3 },
    tf.tensor3d(rgb, [height, width, 3], "int32"),
    tf.tensor3d(Float32Array.from(rgba), [height, width, 4]),
    ...[path, pathToFileURL(path), png, png.buffer, new Blob([png])],
    `data:image/png;base64,${Buffer.from(png).toString("base64")}`,
  ];
  for (const photo of photos) await expect(segmenter.segment(photo)).rejects.toThrow("The network has run.");
  expect(heard).toHaveLength(photos.length);
  for (const input of heard) expect(input).toEqual(heard[0]);
});

it("names a photo that is too thin to be scaled, with the side", async () => {
  const { segmenter } = listening();
  const path = join(temporaryFolder(), "thin.png");
  await writeImage(path, { data: new Uint8Array(3000 * 2 * 3), width: 3000, height: 2 });
  await expect(segmenter.segment(path)).rejects.toMatchObject({
    code: "bad-size",
    data: { file: path },
    message: expect.stringContaining("thin.png of 3000×2, whose height becomes too short"),
  });
});

it("says that it is disposed, and may be disposed again", async () => {
  const { segmenter, disposed } = listening();
  segmenter.dispose();
  segmenter.dispose();
  expect(disposed()).toBe(1);
  await expect(segmenter.segment("a.jpg")).rejects.toMatchObject({ name: "PipelineError", code: "failed" });
});

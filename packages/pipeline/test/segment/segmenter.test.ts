import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeImage } from "@seg/ade20k-data";
import type { InferenceModel } from "@seg/layers";
import { temporaryFolder } from "@seg/testing/node";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, it } from "vitest";
import { type InferenceEngineInfo, loadConfig } from "../../src/index.ts";
import type { Photo } from "../../src/segment/photo.ts";
import { Segmenter } from "../../src/segment/segmenter.ts";

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

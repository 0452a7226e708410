import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ADE20K_CLASSES, classShares, decodeImage, overlay, type SegClass, writeImage } from "@seg/ade20k-data";
import { temporaryFolder } from "@seg/testing/node";
import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { PipelineError } from "../../src/errors.ts";
import { type PhotoSegmenter, segmentPhotos } from "../../src/photos/index.ts";

const [width, height] = [12, 8];
const classes: SegClass[] = [
  { ...ADE20K_CLASSES[0]!, name: "a/b: *é", names: ["a/b: *é"] },
  ADE20K_CLASSES[1]!,
  { ...ADE20K_CLASSES[2]!, name: "x".repeat(300) },
];

/** Sees class 0 in the left half, class 2 in the right. */
const segmenter: PhotoSegmenter = {
  classes,
  async segment(photo, { scores }) {
    const image = await decodeImage(photo);
    const labels = Uint8Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 0 : 2));
    const map = { labels, width, height };
    const shape = [height, width, 3] as const;
    const rows = () => Array.from({ length: height }, () => new Float32Array(width * 3).fill(0.5));
    return {
      ...map,
      image,
      classes: classShares(map, classes),
      overlay: () => overlay(image, map, classes),
      ...(scores && { scores: { shape, rows } }),
    };
  },
};

let folder: string;
const photos = () => [{ source: join(folder, "in.png"), name: "sub/in" }];

beforeEach(async () => {
  folder = temporaryFolder();
  await writeImage(join(folder, "in.png"), { data: new Uint8Array(width * height * 3).fill(90), width, height });
});

describe("Of each photo there is written", () => {
  it("a mask for each class present, 255 where it is and 0 elsewhere, under names that every system takes", async () => {
    mkdirSync(join(folder, "out/sub/in_masks"), { recursive: true });
    writeFileSync(join(folder, "out/sub/in_masks/009_of-an-earlier-run.png"), "");
    const { results } = await segmentPhotos(segmenter, photos(), { folder: join(folder, "out"), masks: true });
    const names = ["001_a_b_é.png", `003_${"x".repeat(50)}.png`];
    expect(readdirSync(join(folder, "out/sub/in_masks")).sort()).toEqual(names);
    expect(results[0]!.masks).toEqual(names.map((name) => join(folder, "out/sub/in_masks", name)));
    const { data, info } = await sharp(results[0]!.masks![0])
      .toColourspace("b-w")
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width, height, channels: 1 });
    expect([...data]).toEqual(Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 255 : 0)));
  });

  it("its classes' probabilities, where they are wanted", async () => {
    const { results } = await segmentPhotos(segmenter, photos(), { folder, scores: true });
    expect(results[0]!.scores).toBe(join(folder, "sub/in_scores.npy"));
  });

  it("photo and colours side by side, as the original does", async () => {
    const { results } = await segmentPhotos(segmenter, photos(), { folder, sideBySide: true });
    const picture = await decodeImage(results[0]!.sideBySide!);
    expect(picture).toMatchObject({ width: 2 * width, height });
    const pixel = (x: number) => [...picture.data.subarray(x * 3, x * 3 + 3)];
    expect(pixel(width - 1)).toEqual([90, 90, 90]);
    expect([pixel(width), pixel(2 * width - 1)]).toEqual([classes[0]!.color, classes[2]!.color]);
  });

  it("a legend within the overlay's picture, or in a file of its own", async () => {
    const inside = (await segmentPhotos(segmenter, photos(), { folder, legend: "inside" })).results[0]!;
    const own = (await segmentPhotos(segmenter, photos(), { folder: join(folder, "own"), legend: true })).results[0]!;
    expect(inside.legend).toBeUndefined();
    const wide = await decodeImage(inside.overlay);
    const key = await decodeImage(own.legend!);
    expect(wide.width).toBe(width + key.width);
    expect((await decodeImage(own.overlay)).width).toBe(width);
  });

  it("no more than was asked for", async () => {
    const { results } = await segmentPhotos(segmenter, photos(), { folder: join(folder, "out") });
    expect(readdirSync(join(folder, "out/sub")).sort()).toEqual(["in_labels.png", "in_overlay.png"]);
    expect(Object.keys(results[0]!).sort()).toEqual(["classes", "height", "image", "labels", "overlay", "width"]);
  });
});

it("Of a photo that fails its name is told, whatever the error says", async () => {
  const failing = {
    ...segmenter,
    segment: () => Promise.reject(new PipelineError("out-of-memory", "Expected memory but it ran out.")),
  };
  const { failures } = await segmentPhotos(failing, photos(), { folder });
  const { source } = photos()[0]!;
  expect(failures).toMatchObject([
    { image: source, error: { code: "out-of-memory", message: `${source}: Expected memory but it ran out.` } },
  ]);
});

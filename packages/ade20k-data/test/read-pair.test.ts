import { writeFile } from "node:fs/promises";
import { shared, unlessShared } from "@seg/testing";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { checkDataset } from "../src/check-dataset.ts";
import { READY_CONVENTIONS } from "../src/label-convention.ts";
import type { LabelOrientation } from "../src/orientation.ts";
import { readPair } from "../src/read-pair.ts";
import { createSource } from "../src/train-source.ts";
import { encodePng } from "./png.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const cases = shared("cases");
const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];
const numClasses = 255;

/** A photo of a size with an EXIF orientation, and a label of the same pixels, whose values are all different. */
async function put(name: string, orientation: number, [width, height]: readonly [number, number]) {
  const values = Array.from({ length: width * height }, (_, i) => i + 1);
  const rgb = Uint8Array.from(values.flatMap((value) => [value, value, value]));
  const stored = sharp(rgb, { raw: { width, height, channels: 3 } });
  await writeFile(inFolder(`${name}.photo.png`), await stored.withMetadata({ orientation }).png().toBuffer());
  await writeFile(inFolder(`${name}.png`), encodePng({ width, height, depth: 8, colorType: 0, values }));
  return { imagePath: inFolder(`${name}.photo.png`), labelPath: inFolder(`${name}.png`), width, height };
}

const drawnOn = (orientation: LabelOrientation) => ({
  numClasses,
  convention: { ...READY_CONVENTIONS.ade20k, orientation },
});

const greys = (rgb: Uint8Array) => Array.from({ length: rgb.length / 3 }, (_, i) => rgb[i * 3]);
const plusOne = (labels: Int16Array) => Array.from(labels, (label) => label + 1);

describe("A label that was drawn on a photo's pixels as they are stored", () => {
  it.each(ORIENTATIONS)("lies on the photo as EXIF %i shows it, pixel on pixel", async (orientation) => {
    for (const size of [
      [5, 3],
      [3, 5],
      [4, 4],
      [7, 2],
    ] as const) {
      const { photo, label } = await readPair(await put("stored", orientation, size), { numClasses });
      expect([label.width, label.height]).toEqual([photo.width, photo.height]);
      // The decoder, another program, has turned the photo.
      expect(plusOne(label.labels)).toEqual(greys(photo.data));
    }
  });

  it.each([2, 3, 4])("is taken as it is where EXIF %i keeps the size and `shown` is said", async (orientation) => {
    const record = await put("shown", orientation, [5, 3]);
    const { label } = await readPair(record, drawnOn("shown"));
    expect(plusOne(label.labels)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect((await readPair(record, drawnOn("stored"))).label).toEqual((await readPair(record)).label);
  });

  it.each(["auto", "stored", "shown"] as const)("is known by its size, whatever is said (%s)", async (said) => {
    const record = await put("turned", 6, [5, 3]);
    const { photo, label } = await readPair(record, drawnOn(said));
    expect(plusOne(label.labels)).toEqual(greys(photo.data));
    const values = greys(photo.data) as number[];
    const shown = encodePng({ width: 3, height: 5, depth: 8, colorType: 0, values });
    await writeFile(record.labelPath, shown);
    expect(plusOne((await readPair(record, drawnOn(said))).label.labels)).toEqual(values);
  });

  it("has its own place in errors, and EXIF is named where no size fits", async () => {
    const record = await put("wrong", 6, [5, 3]);
    const values = Array(15).fill(1).with(7, 200);
    await writeFile(record.labelPath, encodePng({ width: 5, height: 3, depth: 8, colorType: 0, values }));
    await expect(readPair(record, { numClasses: 9 })).rejects.toMatchObject({ data: { value: 200, x: 2, y: 1 } });
    await expect(readPair({ ...record, width: 4 })).rejects.toMatchObject({
      code: "bad-size",
      message: expect.stringContaining("5×3 before EXIF turns it"),
    });
    await writeFile(record.labelPath, encodePng({ width: 15, height: 1, depth: 8, colorType: 0, values }));
    await expect(readPair(record)).rejects.toMatchObject({
      code: "bad-label",
      message: expect.stringContaining("3×5 pixels, its photo's size or 5×3 before EXIF turns it"),
    });
  });

  it("is trained on and checked alike, with either size in the list", async () => {
    const record = await put("trained", 8, [16, 8]);
    const listed = [record, { ...record, width: 8, height: 16 }];
    const report = await checkDataset(listed, { numClasses });
    expect(report).toMatchObject({ problemCount: 0, silent: [] });
    const options = { batchSize: 1, sizes: [8], randomFlip: false, segmDownsamplingRate: 1, numClasses } as const;
    const { photo } = await readPair(record);
    for (const one of listed) {
      const batch = await createSource({ ...options, records: [one] }).next();
      expect([batch.width, batch.height]).toEqual([8, 16]);
      expect(Array.from(batch.labels, (label) => label + 1)).toEqual(greys(photo.data));
    }
  });

  it("is named by a check where its size does not tell", async () => {
    const sizes = { a: [3, [5, 3]], b: [6, [5, 3]], c: [6, [4, 4]], d: [1, [5, 3]] } as const;
    const records = await Promise.all(Object.entries(sizes).map(([name, [turn, size]]) => put(name, turn, size)));
    const { silent, problems } = await checkDataset(records, { numClasses });
    expect(problems).toEqual([]);
    expect(silent).toEqual([inFolder("a.photo.png"), inFolder("c.photo.png")]);
  });

  it.skipIf(!cases).each([
    ["exif3", 96, 64, [4, 3, 2, 1]],
    ["exif6", 64, 96, [3, 1, 4, 2]],
  ] as const)(`has its quarters where %s.jpg shows them${unlessShared}`, async (name, width, height, quarters) => {
    const paths = { imagePath: `${cases}/images/${name}.jpg`, labelPath: `${cases}/labels/${name}.png` };
    const { label } = await readPair(paths, { numClasses: 4 });
    expect([label.width, label.height]).toEqual([width, height]);
    const inQuarter = (i: number) =>
      quarters[(Math.floor(i / width) < height / 2 ? 0 : 2) + (i % width < width / 2 ? 0 : 1)];
    expect(plusOne(label.labels)).toEqual(Array.from(label.labels, (_, i) => inQuarter(i)));
  });
});

describe("A photo so long that nothing of a side is left", () => {
  it("is named by a check, with the side; by training too", async () => {
    const record = await put("thin", 1, [120, 2]);
    const told = {
      code: "bad-size",
      data: { file: record.imagePath },
      message: expect.stringContaining("height becomes too short"),
    };
    const { problems } = await checkDataset([record], { numClasses, sizes: [300], maxSize: 50 });
    expect(problems).toMatchObject([told]);
    const source = createSource({ records: [record], batchSize: 1, sizes: [300], maxSize: 50 });
    await expect(source.next()).rejects.toMatchObject(told);
  });

  it("is told apart from one that is merely short of a cell", async () => {
    const record = await put("short", 1, [120, 2]);
    const { problems, thin } = await checkDataset([record], { numClasses, sizes: [300], maxSize: 400 });
    expect(problems).toEqual([]);
    expect(thin).toEqual([{ file: record.imagePath, side: "height" }]);
  });
});

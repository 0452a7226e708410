import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import type { OdgtRecord } from "../src/odgt.ts";
import { makeBatch } from "../src/train-batch.ts";
import { temporaryFolder } from "./temporary-folder.ts";

interface Stored {
  pairs: { width: number; height: number; photo: string; label: string }[];
  batches: {
    members: number[];
    flips: boolean[];
    shortSide: number;
    maxSize: number;
    paddingConstant: number;
    segmDownsamplingRate: number;
    width: number;
    height: number;
    photos: { width: number; height: number; rgb: string }[];
    ignore: string;
    mit: string;
  }[];
}

/** What Pillow made of some small pairs; `fixtures/make-train.py` wrote it. */
const { pairs, batches }: Stored = JSON.parse(readFileSync(new URL("fixtures/train.json", import.meta.url), "utf8"));
const inFolder = temporaryFolder();
const bytes = (base64: string) => Buffer.from(base64, "base64");
let records: OdgtRecord[];

beforeAll(async () => {
  records = await Promise.all(
    pairs.map(async ({ width, height, photo, label }, i) => {
      const [imagePath, labelPath] = [inFolder(`${i}.png`), inFolder(`${i}-label.png`)];
      await writeFile(imagePath, bytes(photo));
      await writeFile(labelPath, bytes(label));
      return { imagePath, labelPath, width, height };
    }),
  );
});

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

describe("A training batch", () => {
  it.each(batches.map((batch, i) => [i + 1, batch] as const))("is the original's: number %i", async (_, batch) => {
    const { members, flips, shortSide, width, height, photos, ...options } = batch;
    const plan = { records: members.map((i) => records[i]!), shortSide, flips };
    const made = await makeBatch(plan, { ...options, numClasses: 11 });
    expect(made).toMatchObject({ width, height, files: members.map((i) => inFolder(`${i}.png`)) });

    expect(made.images.length).toBe(members.length * height * width * 3);
    const expected = new Float64Array(made.images.length);
    photos.forEach(({ rgb, ...photo }, n) => {
      bytes(rgb).forEach((value, i) => {
        const [x, y, c] = [Math.floor(i / 3) % photo.width, Math.floor(i / 3 / photo.width), i % 3];
        expected[((n * height + y) * width + x) * 3 + c] = (value / 255 - MEAN[c]!) / STD[c]!;
      });
    });
    // A step of one in a photo's bytes is 0.017.
    const worst = made.images.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    expect(worst).toBeLessThan(1e-6);

    expect(made.labels).toEqual(Int32Array.from(new Int8Array(bytes(batch.ignore))));
    const mit = await makeBatch(plan, { ...options, padLabel: "mit" });
    expect(mit.labels).toEqual(Int32Array.from(new Int8Array(bytes(batch.mit))));
    expect(mit.images).toEqual(made.images);
  });

  it("is padded with zeros also where zero is not black", async () => {
    const plan = { records: [records[0]!, records[1]!], shortSide: 20, flips: [false, false] };
    const { images, width } = await makeBatch(plan, { inputFormat: "bgr-2018" });
    // 45×30 at 20 is 30 wide, 52×31 is 33.
    expect(width).toBe(40);
    expect([...images.subarray(30 * 3, width * 3)]).toEqual(Array(10 * 3).fill(0));
    expect(images[30 * 3 - 1]).not.toBe(0);
  });

  it("names the file that is at fault", async () => {
    const make = (record: Partial<OdgtRecord>, numClasses?: number) =>
      makeBatch({ records: [{ ...records[0]!, ...record }], shortSide: 20, flips: [false] }, { numClasses });
    const isFault = (code: string, file: string, values: object = {}) =>
      expect.objectContaining({ code, data: { file: inFolder(file), ...values } });
    await expect(make({ imagePath: inFolder("none.png") })).rejects.toEqual(isFault("not-found", "none.png"));
    await expect(make({ labelPath: inFolder("none.png") })).rejects.toEqual(isFault("not-found", "none.png"));
    await expect(make({ labelPath: inFolder("1-label.png") })).rejects.toEqual(
      isFault("bad-label", "1-label.png", { width: 52, height: 31, expectedWidth: 45, expectedHeight: 30 }),
    );
    await expect(make({ width: 30, height: 45 })).rejects.toEqual(
      isFault("bad-size", "0.png", { width: 45, height: 30, expectedWidth: 30, expectedHeight: 45 }),
    );
    await expect(make({}, 10)).rejects.toEqual(
      expect.objectContaining({
        code: "bad-label",
        data: expect.objectContaining({ file: inFolder("0-label.png"), value: 11, numClasses: 10 }),
      }),
    );
    await expect(make({ labelPath: undefined })).rejects.toEqual(isFault("bad-list", "0.png", { key: "fpath_segm" }));
  });

  it("takes photos as they are turned by EXIF, and their labels with them", async () => {
    const turned = inFolder("turned.jpg");
    await sharp(bytes(pairs[2]!.photo)).withMetadata({ orientation: 6 }).jpeg().toFile(turned);
    const record = { ...records[0]!, imagePath: turned };
    await expect(makeBatch({ records: [record], shortSide: 20, flips: [false] }, {})).resolves.toMatchObject({
      width: 32,
      height: 24,
    });
  });
});

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

  /** Pixel by pixel from an uncropped batch whose labels are at full size. */
  it.each([1, 4])(
    "is cropped where it was planned, labels as well as photos, at one label for %i pixels",
    async (rate) => {
      const drawn = { scale: 1.3, colors: [], blur: undefined, wantedClass: undefined };
      const places = [
        [0.4, 0.9],
        [0.99, 0],
      ] as const;
      const plan = { records: [records[0]!, records[1]!], shortSide: 40, flips: [true, false] };
      const uncropped = { ...plan, augmentations: places.map(() => ({ ...drawn, crops: [] })) };
      const whole = await makeBatch(uncropped, { paddingConstant: 1, segmDownsamplingRate: 1 });
      const cropped = { ...plan, augmentations: places.map((place) => ({ ...drawn, crops: [place] })) };
      const options = { cropSize: [22, 33] as const, paddingConstant: rate, segmDownsamplingRate: rate };
      const made = await makeBatch(cropped, options);
      const [height, width] = [Math.ceil(22 / rate) * rate, Math.ceil(33 / rate) * rate];
      expect(made).toMatchObject({ height, width });
      // 45×30 at 40 is 60×40, times 1.3 78×52; 52×31 is 67×40, 87×52.
      const sizes = [
        [78, 52],
        [87, 52],
      ] as const;
      const images: number[] = [];
      const labels: number[] = [];
      places.forEach(([u, v], n) => {
        const [left, top] = [Math.floor(u * (sizes[n]![0] - 32)), Math.floor(v * (sizes[n]![1] - 21))];
        const at = (x: number, y: number) => (n * whole.height + top + y) * whole.width + left + x;
        const inside = (x: number, y: number) => x < 33 && y < 22;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            for (let c = 0; c < 3; c++) images.push(inside(x, y) ? whole.images[at(x, y) * 3 + c]! : 0);
          }
        }
        const center = Math.floor(rate / 2);
        for (let y = center; y < height; y += rate) {
          for (let x = center; x < width; x += rate) labels.push(inside(x, y) ? whole.labels[at(x, y)]! : -1);
        }
      });
      expect(made.images).toEqual(Float32Array.from(images));
      expect(made.labels).toEqual(Int32Array.from(labels));
    },
  );

  it("takes the first crop that is balanced and holds the class it was drawn for, and the last one where none is", async () => {
    const [imagePath, labelPath] = [inFolder("halves.png"), inFolder("halves-label.png")];
    const [width, height] = [64, 16];
    // Class 0 up to column 40, then class 1, and class 2 in the last eight columns.
    const values = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 40 ? 1 : i % width < 56 ? 2 : 3));
    await sharp(new Uint8Array(width * height * 3), { raw: { width, height, channels: 3 } }).toFile(imagePath);
    await sharp(values, { raw: { width, height, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toFile(labelPath);
    const drawn = { scale: 1, colors: [], blur: undefined };
    const make = async (lefts: number[], catMaxRatio: number, wantedClass?: number) => {
      const crops = lefts.map((left) => [left / (64 - 16), 0] as const);
      const augmentations = [{ ...drawn, crops, wantedClass }];
      const plan = { records: [{ imagePath, labelPath, width, height }], shortSide: 16, flips: [false], augmentations };
      const { labels } = await makeBatch(plan, { cropSize: [16, 16], catMaxRatio, segmDownsamplingRate: 8 });
      return [...labels.subarray(0, 2)];
    };
    expect(await make([0, 32, 40], 1)).toEqual([0, 0]);
    expect(await make([0, 32, 40], 0.75)).toEqual([0, 1]);
    expect(await make([0, 8, 41], 0.75)).toEqual([1, 1]);
    expect(await make([0, 32, 47, 0], 1, 2)).toEqual([1, 2]);
    expect(await make([0, 32], 0.75, 2)).toEqual([0, 1]);
  });

  it("has other colours, or is blurred, its padding apart", async () => {
    const plan = { records: [records[0]!], shortSide: 20, flips: [false] };
    const drawn = { scale: 1, crops: [], wantedClass: undefined, blur: undefined };
    const make = (augmentation: object) =>
      makeBatch({ ...plan, augmentations: [{ ...drawn, colors: [], ...augmentation }] }, { paddingConstant: 16 });
    const plain = await makeBatch(plan, { paddingConstant: 16 });
    expect(await make({})).toEqual(plain);
    const dark = await make({ colors: [{ of: "brightness", by: 0 }] });
    const black = MEAN.map((mean, c) => (0 - mean) / STD[c]!);
    dark.images.forEach((value, i) => {
      const inside = Math.floor(i / 3) % dark.width < 30 && i < 20 * dark.width * 3;
      expect(value).toBeCloseTo(inside ? black[i % 3]! : 0, 6);
    });
    expect(dark.labels).toEqual(plain.labels);
    const soft = await make({ blur: 3 });
    expect(soft.labels).toEqual(plain.labels);
    const spread = ({ images }: { images: Float32Array }) => images.subarray(0, 90).reduce((a, b) => a + b * b, 0);
    expect(spread(soft)).toBeLessThan(spread(plain));
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

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { readOdgt } from "../src/odgt.ts";
import { createSource, TRAIN_SOURCE, type TrainSourceOptions } from "../src/train-source.ts";

const list = shared("data/camvid/val.odgt");
const records = [{ imagePath: "a.jpg", labelPath: "a.png", width: 40, height: 30 }];

function lehmer(state = 42): () => number {
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

describe("A training source", () => {
  it.skipIf(!list).each<[string, Partial<TrainSourceOptions>]>([
    ["", {}],
    [
      ", with all that is done to them at random",
      {
        randomScale: [0.5, 2],
        cropSize: [64, 96],
        catMaxRatio: 0.75,
        colorJitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
        blur: { probability: 0.5, sigma: [0.1, 2] },
        classSampling: { probabilities: [0.5, 0.5], photos: [[0, 1, 2], [3]] },
      },
    ],
  ])(`gives the same batches again, passing over some or not%s${unlessShared}`, async (_, more) => {
    const options = {
      ...more,
      records: await readOdgt(list!),
      batchSize: 2,
      sizes: [60, 90, 120],
      paddingConstant: 32,
      segmDownsamplingRate: 4,
      numClasses: 11,
    };
    const whole = createSource(options, lehmer());
    const batches = [await whole.next(), await whole.next(), await whole.next(), await whole.next()];
    for (const { images, labels, width, height, files } of batches) {
      expect([width % 32, height % 32]).toEqual([0, 0]);
      expect(images.length).toBe(2 * width * height * 3);
      expect(labels.length).toBe((2 * width * height) / 16);
      expect(files.every((file) => dirname(file) === dirname(options.records[0]!.imagePath))).toBe(true);
    }
    const resumed = createSource(options, lehmer());
    resumed.skip(2);
    expect([await resumed.next(), await resumed.next()]).toEqual(batches.slice(2));
  });

  it("skips millions of photos at once", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({ ...records[0]!, imagePath: `${i}.jpg` }));
    createSource({ records: many, batchSize: 2 }, lehmer()).skip(1_000_000);
  });

  it("refuses what cannot work before it reads anything", () => {
    const refused = (option: string, received: unknown) =>
      expect.objectContaining({ code: "option", data: { option, received } });
    const make = (options: Partial<TrainSourceOptions>) => () => createSource({ records, batchSize: 2, ...options });
    expect(make({ records: [] })).toThrow(expect.objectContaining({ code: "bad-list" }));
    expect(make({ records: [{ ...records[0]!, labelPath: undefined }] })).toThrow(
      expect.objectContaining({
        code: "bad-list",
        data: { file: expect.stringContaining("a.jpg"), key: "fpath_segm" },
      }),
    );
    expect(make({ batchSize: 0 })).toThrow(refused("batchSize", 0));
    expect(make({ sizes: [] })).toThrow(refused("sizes", []));
    expect(make({ sizes: [300, 1.5] })).toThrow(refused("sizes[1]", 1.5));
    expect(make({ maxSize: -1 })).toThrow(refused("maxSize", -1));
    expect(make({ cropSize: [0, 8] })).toThrow(refused("cropSize[0]", 0));
    expect(make({ paddingConstant: 12 })).toThrow(refused("paddingConstant", 12));
  });

  it("has an address that threads can load it from", async () => {
    expect(existsSync(fileURLToPath(TRAIN_SOURCE))).toBe(true);
    expect((await import(TRAIN_SOURCE.href)).createSource).toBeTypeOf("function");
  });
});

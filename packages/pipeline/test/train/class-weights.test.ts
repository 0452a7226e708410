import { join } from "node:path";
import { READY_CONVENTIONS, readOdgt } from "@seg/ade20k-data";
import { temporaryFolder, tinyDataset } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { balanced, classWeights } from "../../src/train/class-weights.ts";
import { labelCounter } from "../../src/train/label-counter.ts";

const configOf = (weights: unknown, classes = 3) =>
  loadConfig({
    flags: Object.entries({ "DATASET.num_class": classes, "TRAIN.class_weights": weights }).map(([key, value]) => ({
      key,
      value,
      origin: "",
    })),
  }).config;

/** Classes of 600, 300, 100 and no pixels; the last of those is in one of two photos of 600 pixels. */
const COUNTS = [
  { pixels: 600, images: 2, imagePixels: 1200 },
  { pixels: 300, images: 2, imagePixels: 1200 },
  { pixels: 100, images: 1, imagePixels: 600 },
  { pixels: 0, images: 0, imagePixels: 0 },
];

const close = (numbers: number[]) => numbers.map((n) => expect.closeTo(n, 10));

const nothing = async () => [];

describe("Class weights", () => {
  it("inverse let all classes weigh alike, and all pixels 1 on average", () => {
    expect(balanced(COUNTS, "inverse", 0.9)).toEqual(close([1000 / 1800, 1000 / 900, 1000 / 300, 0]));
  });

  it("median are Eigen and Fergus's: the median of the frequencies over each, among the photos that have the class", () => {
    // Frequencies: 1/2, 1/4, 1/6.
    expect(balanced(COUNTS, "median", 0.9)).toEqual(close([0.5, 1, 1.5, 0]));
    // Of an even number of classes, the mean of the two in the middle.
    expect(balanced(COUNTS.slice(0, 2), "median", 0.9)).toEqual(close([0.75, 1.5]));
  });

  it("effective are Cui's: (1 − β) / (1 − βⁿ), 1 on average", () => {
    const beta = 0.995;
    const raw = [600, 300, 100].map((n) => (1 - beta) / (1 - beta ** n));
    const mean = raw.reduce((a, b) => a + b) / 3;
    expect(balanced(COUNTS, "effective", beta)).toEqual(close([...raw.map((weight) => weight / mean), 0]));
  });

  it("effective are inverse frequencies where β is near 1, and equal where it is small", () => {
    const near = balanced(COUNTS, "effective", 1 - 1e-12);
    expect(near[2]! / near[0]!).toBeCloseTo(6, 5);
    expect(balanced(COUNTS, "effective", 0.1)).toEqual(close([1, 1, 1, 0]));
  });

  it("are none unless wanted, those given, or those of a file", async () => {
    expect(await classWeights(configOf(""), nothing)).toBeUndefined();
    expect(await classWeights(configOf([1, 2, 0.5]), nothing)).toEqual([1, 2, 0.5]);
    const folder = temporaryFolder({ "w.json": "[1,\n 2e0, 0.5]\n", "w.txt": "1 2\r\n0.5\r\n", "w.csv": "1,2,0.5" });
    for (const file of ["w.json", "w.txt", "w.csv"]) {
      expect(await classWeights(configOf(join(folder, file)), nothing), file).toEqual([1, 2, 0.5]);
    }
  });

  it("are counted in the labels of the list", async () => {
    const { list } = await tinyDataset(temporaryFolder(), { photos: 2 });
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const data = { records: await readOdgt(list), convention: READY_CONVENTIONS.ade20k };
    const count = labelCounter(configOf("inverse"), data, { log });
    const weights = await classWeights(configOf("inverse"), count, { log });
    // Once for all that want to know.
    expect(await count()).toBe(await count());
    // 28 rows: 8 and 15 columns of the first class, of 40 and 56.
    const [dark, bright] = [28 * (8 + 15), 28 * (40 + 56 - 8 - 15)];
    expect(weights).toEqual(close([(dark + bright) / 2 / dark, (dark + bright) / 2 / bright, 0]));
    expect(lines).toEqual([
      "Counting each class's pixels in 2 labels.",
      "Class weights are from 0.658 to 2.09; 1 class does not occur.",
    ]);
  });

  it.each([
    ["inverze", "missing", /class weights in inverze .* but there is no such file: .*inverse/],
    ["/nowhere/w.json", "missing", /correct the path/],
    ["two.txt", "config", /3 numbers .* but there are 2/],
    ["word.txt", "config", /but number 2 is heavy/],
    ["zero.txt", "config", /but all are 0/],
  ])("from %s are refused as %s", async (name, code, message) => {
    const folder = temporaryFolder({ "two.txt": "1 2", "word.txt": "1 heavy 2", "zero.txt": "0 0 0" });
    const file = name.endsWith(".txt") ? join(folder, name) : name;
    await expect(classWeights(configOf(file), nothing)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      data: { key: "TRAIN.class_weights", file },
    });
  });
});

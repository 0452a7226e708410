import { describe, expect, it } from "vitest";
import * as data from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const [width, height] = [4, 3];
const classes = data.ADE20K_CLASSES;
const right = { data: new Uint8Array(width * height * 3), width, height };
const labels = { labels: new Int16Array(width * height), width, height };

const IMAGES: [string, unknown][] = [
  ["nothing", undefined],
  ["an image without a size", { data: right.data }],
  ["RGBA", { data: new Uint8Array(width * height * 4), width, height }],
  ["grey", { data: new Uint8Array(width * height), width, height }],
  ["floats", { data: new Float32Array(width * height * 3), width, height }],
  ["numbers in an array", { data: Array(width * height * 3).fill(0), width, height }],
  ["sides that are no numbers", { ...right, width: Number.NaN }],
  ["negative sides", { ...right, width: -width, height: -height }],
];
const MAPS: [string, unknown][] = [
  ["nothing", undefined],
  ["too few labels", { ...labels, labels: new Int16Array(5) }],
  ["negative sides", { ...labels, width: -width, height: -height }],
  ["sides that are no numbers", { ...labels, height: Number.NaN }],
  ["fractions", { ...labels, labels: new Float32Array(width * height).fill(0.5) }],
  ["labels that are no numbers", { ...labels, labels: new Float64Array(width * height).fill(Number.NaN) }],
  ["numbers in an array", { ...labels, labels: Array(width * height).fill(0) }],
  ["a label beyond the classes", { ...labels, labels: new Int16Array(width * height).fill(150) }],
  ["a label below -1", { ...labels, labels: new Int16Array(width * height).fill(-2) }],
];

/** Every function that takes an image or a label map, given one. */
const TAKE_IMAGES: Record<string, (image: never) => unknown> = {
  overlay: (image) => data.overlay(image, labels, classes),
  writeImage: (image) => data.writeImage(inFolder("a.png"), image),
  resizeAntialiased: (image) => data.resizeAntialiased(image, 2, 2),
  normalize: (image) => data.normalize(image),
  resizeForScale: (image) => data.resizeForScale(image, { shortSide: 3 }),
  validationScales: (image) => [...data.validationScales(image, { sizes: [3] })],
};
const TAKE_MAPS: Record<string, (map: never) => unknown> = {
  colorize: (map) => data.colorize(map, classes),
  overlay: (map) => data.overlay(right, map, classes),
  classShares: (map) => data.classShares(map, classes),
  writeLabelPng: (map) => data.writeLabelPng(inFolder("a.png"), map, classes),
};

async function refused(make: () => unknown): Promise<void> {
  const run = async () => make();
  await expect(run()).rejects.toMatchObject({ name: "DataError", code: "option" });
}

describe.each(Object.entries(TAKE_IMAGES))("%s refuses as an image", (_, take) => {
  it.each(IMAGES)("%s", (_, image) => refused(() => take(image as never)));
});

describe.each(Object.entries(TAKE_MAPS))("%s refuses as a label map", (_, take) => {
  it.each(MAPS)("%s", (_, map) => refused(() => take(map as never)));
});

it.each([0, -1, 1.5, Number.NaN, "4"])("A size of %s is refused", async (side) => {
  await refused(() => data.resizeAntialiased(right, side as number, 2));
  await refused(() => data.nearestPositions(4, side as number));
  await refused(() => data.scaledSize({ width: side as number, height: 2 }, { shortSide: 3 }));
});

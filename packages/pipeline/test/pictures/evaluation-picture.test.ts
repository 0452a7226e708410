import { distinctColors, type LabelMap, type RgbImage } from "@seg/ade20k-data";
import { describe, expect, it } from "vitest";
import { viewedLabels, viewedPhoto, viewingSize } from "../../src/pictures/at-viewing-size.ts";
import { evaluationPicture } from "../../src/pictures/evaluation-picture.ts";

const classesOf = (count: number, name = (index: number) => `class ${index}`) =>
  distinctColors(count).map((color, index) => ({ index, color, name: name(index), names: [name(index)] }));

const grey = (width: number, height: number): RgbImage => ({
  data: new Uint8Array(width * height * 3).fill(100),
  width,
  height,
});

const labelled = (width: number, height: number, label: (i: number) => number): LabelMap => ({
  labels: Int16Array.from({ length: width * height }, (_, i) => label(i)),
  width,
  height,
});

function count({ data }: RgbImage, color: readonly number[]): number {
  let found = 0;
  for (let i = 0; i < data.length; i += 3) if (color.every((value, c) => data[i + c] === value)) found++;
  return found;
}

const WRONG = [215, 25, 28];

describe("The picture of an evaluated photo", () => {
  it("shows photo, truth, prediction and what is wrong, unlabeled pixels black", () => {
    const [width, height] = [400, 300];
    const classes = classesOf(3);
    // The upper half is class 0, of which the first quarter is unlabeled; the rest is class 1, the last quarter of it called class 2.
    const quarter = (width * height) / 4;
    const truth = labelled(width, height, (i) => [-1, 0, 1, 1][Math.floor(i / quarter)]!);
    const prediction = labelled(width, height, (i) => [0, 0, 1, 2][Math.floor(i / quarter)]!);
    const picture = evaluationPicture({ name: "a.jpg", photo: grey(width, height), truth, prediction, classes });
    const swatch = 20 * 20;
    expect(picture.width).toBe(4 * 410 + 10);
    expect(count(picture, [100, 100, 100])).toBe(width * height);
    expect(count(picture, classes[0]!.color)).toBe(3 * quarter + swatch);
    expect(count(picture, classes[1]!.color)).toBe(3 * quarter + swatch);
    expect(count(picture, classes[2]!.color)).toBe(quarter + swatch);
    expect(count(picture, WRONG)).toBe(quarter + swatch);
    // Pale grey where it is right.
    expect(count(picture, [190, 190, 190])).toBeGreaterThanOrEqual(2 * quarter);
    // And letters.
    expect(count(picture, [0, 0, 0])).toBeGreaterThan(2 * quarter + swatch + 300);
  });

  it("says so where nothing is labelled, and needs no red then", () => {
    const truth = labelled(300, 300, () => -1);
    const prediction = labelled(300, 300, () => 0);
    const shown = { name: "a.jpg", photo: grey(300, 300), truth, prediction, classes: classesOf(1) };
    expect(count(evaluationPicture(shown), WRONG)).toBe(20 * 20);
  });

  it.each([
    [64, 64, 1],
    [4000, 3000, 5],
    [3, 400, 2],
    [400, 3, 150],
    [1000, 1000, 150],
  ])("has room for its text at %i×%i with %i classes and whatever names", (width, height, count) => {
    const classes = classesOf(count, (index) => `${index} ${"long name ".repeat(20)}`);
    const map = labelled(width, height, (i) => i % count);
    const name = `${"folder/".repeat(40)}photo.jpg`;
    const picture = evaluationPicture({ name, photo: grey(width, height), truth: map, prediction: map, classes });
    expect(picture.data.length).toBe(picture.width * picture.height * 3);
    expect(picture.width).toBeGreaterThan(4 * viewingSize({ width, height }).width);
    expect(picture.width).toBeLessThan(8000);
  });
});

describe("At viewing size", () => {
  it("small photos and labels are enlarged by a whole factor, large ones shrunk", () => {
    expect(viewingSize({ width: 64, height: 48 })).toEqual({ width: 256, height: 192 });
    expect(viewingSize({ width: 640, height: 480 })).toEqual({ width: 640, height: 480 });
    expect(viewingSize({ width: 4000, height: 3000 })).toEqual({ width: 1280, height: 960 });
    expect(viewingSize({ width: 9000, height: 2 })).toEqual({ width: 1280, height: 1 });
  });

  it("each enlarged pixel is a square", () => {
    const photo = { data: Uint8Array.from([1, 2, 3, 4, 5, 6]), width: 2, height: 1 };
    const { data, width, height } = viewedPhoto(photo);
    expect([width, height]).toEqual([256, 128]);
    expect([...data.subarray(127 * 3, 129 * 3)]).toEqual([1, 2, 3, 4, 5, 6]);
    const labels = viewedLabels({ labels: Int16Array.of(-1, 300), width: 2, height: 1 });
    expect([labels.labels[127], labels.labels[128], labels.labels.at(-1)]).toEqual([-1, 300, 300]);
  });
});

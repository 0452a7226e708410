import { reference, uniform } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { ConfusionMatrix } from "../src/confusion-matrix.ts";
import type { LabelArray } from "../src/labels.ts";
import { computeScores } from "../src/scores.ts";

interface ReferenceCase {
  name: string;
  height: number;
  width: number;
  num_class: number;
  pixel_accuracy: number;
  valid: number;
  intersection: number[];
  union: number[];
  mean_iou_all_classes: number;
  mean_iou_present: number;
}

const data = reference<{ metrics: ReferenceCase[] }>("data.json");

/** The made-up maps of the reference values, as their README tells. */
function madeUp({ name, height, width, num_class }: ReferenceCase): { prediction: Int16Array; truth: Int16Array } {
  const pixels = height * width;
  const predicted = name === "absent" ? 10 : num_class;
  const labels = name === "absent" ? 8 : num_class + 1;
  const prediction = Int16Array.from(uniform(`metric.${name}.pred`, pixels, (u) => Math.floor(u * predicted)));
  const truth = Int16Array.from(uniform(`metric.${name}.label`, pixels, (u) => Math.floor(u * labels) - 1));
  if (name === "ade") {
    uniform("metric.ade.agree", pixels).forEach((u, i) => {
      if (u < 0.6 && truth[i] !== -1) prediction[i] = truth[i]!;
    });
  }
  return { prediction, truth };
}

const scoresOf = (numClasses: number, prediction: LabelArray, truth: LabelArray) =>
  computeScores(new ConfusionMatrix(numClasses).add(prediction, truth));

describe("Scores equal the original's to the digit", () => {
  it.each(["small", "ade", "absent"])("on the map `%s`", (name) => {
    const expected = data.metrics.find((entry) => entry.name === name)!;
    const { prediction, truth } = madeUp(expected);
    const scores = scoresOf(expected.num_class, prediction, truth);
    expect(scores.pixels).toBe(expected.valid);
    expect(scores.classes.map(({ intersection }) => intersection)).toEqual(expected.intersection);
    expect(scores.classes.map(({ union }) => union)).toEqual(expected.union);
    expect(scores.pixelAccuracy).toBe(expected.pixel_accuracy);
    // To the digits that do not depend on the order in which a mean is summed.
    expect(scores.meanIou).toBeCloseTo(expected.mean_iou_all_classes, 15);
    expect(scores.meanIouPresent).toBeCloseTo(expected.mean_iou_present, 15);
    expect(scores.overallScore).toBeCloseTo((expected.pixel_accuracy + expected.mean_iou_all_classes) / 2, 15);
  });
});

describe("Scores", () => {
  // By hand, 3 classes: truth a a a a b b c c, prediction a a b b b a c c.
  const truth = Uint8Array.of(0, 0, 0, 0, 1, 1, 2, 2);
  const prediction = Uint8Array.of(0, 0, 1, 1, 1, 0, 2, 2);
  const scores = scoresOf(4, prediction, truth);

  it("of each class follow from its counts", () => {
    expect(scores.classes[0]).toMatchObject({ index: 0, intersection: 2, union: 5, truePixels: 4, predictedPixels: 3 });
    const [a, b, c] = scores.classes;
    expect([a!.iou, b!.iou, c!.iou].map((iou) => iou.toFixed(9))).toEqual([
      "0.400000000",
      "0.250000000",
      "1.000000000",
    ]);
    expect([a!.accuracy, b!.accuracy, c!.accuracy]).toEqual([2 / 4, 1 / 2, 1]);
    expect([a!.precision, b!.precision, c!.precision]).toEqual([2 / 3, 1 / 3, 1]);
    expect([a!.f1, b!.f1, c!.f1]).toEqual([4 / 7, 2 / 5, 1]);
  });

  it("of the whole are their means", () => {
    expect(scores.pixelAccuracy).toBeCloseTo(5 / 8, 9);
    expect(scores.meanIou).toBeCloseTo((0.4 + 0.25 + 1) / 4, 9);
    expect(scores.meanIouPresent).toBeCloseTo((0.4 + 0.25 + 1) / 3, 9);
    expect(scores.meanAccuracy).toBeCloseTo((0.5 + 0.5 + 1) / 3, 12);
    expect(scores.frequencyWeightedIou).toBeCloseTo((4 * 0.4 + 2 * 0.25 + 2 * 1) / 8, 9);
    expect(scores.overallScore).toBe((scores.meanIou + scores.pixelAccuracy) / 2);
  });

  it("of a class that is neither there nor predicted are NaN, and count as 0 in the original's mean", () => {
    expect(scores.classes[3]).toMatchObject({
      intersection: 0,
      union: 0,
      iou: Number.NaN,
      accuracy: Number.NaN,
      precision: Number.NaN,
      f1: Number.NaN,
    });
  });

  it("of a class that is only predicted, or never found, are 0 where they are defined", () => {
    const [a, b] = scoresOf(2, Uint8Array.of(1, 1), Uint8Array.of(0, 0)).classes;
    expect(a).toMatchObject({ iou: 0, accuracy: 0, precision: Number.NaN, f1: 0 });
    expect(b).toMatchObject({ iou: 0, accuracy: Number.NaN, precision: 0, f1: 0 });
  });

  it("of nothing but ignored pixels are 0 as the original's, and NaN where it has none", () => {
    expect(scoresOf(3, Uint8Array.of(0, 1, 2), Int8Array.of(-1, -1, -1))).toMatchObject({
      pixels: 0,
      pixelAccuracy: 0,
      meanIou: 0,
      meanIouPresent: Number.NaN,
      meanAccuracy: Number.NaN,
      frequencyWeightedIou: Number.NaN,
      overallScore: 0,
    });
  });

  it("count a pixel without a prediction as wrong", () => {
    const { pixelAccuracy, classes } = scoresOf(2, Int16Array.of(0, -1, 1, 255), Int16Array.of(0, 0, 1, 1));
    expect(pixelAccuracy).toBeCloseTo(0.5, 9);
    expect(classes[0]).toMatchObject({ intersection: 1, union: 2, truePixels: 2, predictedPixels: 1, precision: 1 });
  });
});

import { readFileSync } from "node:fs";
import { shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { presetNames } from "../../src/config/presets.ts";
import { PUBLISHED, tableRows } from "../../src/reproduce/published.ts";

// The table's own column beside them, (mIoU + pixel accuracy) / 2: single-scale, multi-scale.
const OVERALL: Record<string, [number, number]> = {
  "mobilenetv2dilated-c1_deepsup": [54.07, 55.32],
  "mobilenetv2dilated-ppm_deepsup": [56.27, 57.27],
  "resnet18dilated-c1_deepsup": [54.94, 56.38],
  "resnet18dilated-ppm_deepsup": [58.32, 59.05],
  "resnet50dilated-ppm_deepsup": [60.5, 61.14],
  "resnet101dilated-ppm_deepsup": [61.39, 61.72],
  "resnet50-upernet": [60.12, 60.89],
  "resnet101-upernet": [61.4, 61.84],
  "hrnetv2-c1": [61.4, 62.34],
};

// Two of the original's cells do not agree with the rest of their line; they stand here as it prints them.
const MISPRINTS = ["mobilenetv2dilated-c1_deepsup single", "mobilenetv2dilated-ppm_deepsup single"];

it.each(Object.entries(OVERALL))("%s has the overall scores of the original's table", (row, overall) => {
  const { singleScale, multiScale } = PUBLISHED[row]!;
  const found = [singleScale, multiScale].map(({ meanIou, pixelAccuracy }) => (meanIou + pixelAccuracy) / 2);
  for (const [index, scale] of (["single", "multi"] as const).entries()) {
    const agrees = Math.abs(found[index]! - overall[index]!) < 0.0051;
    expect([scale, agrees]).toEqual([scale, !MISPRINTS.includes(`${row} ${scale}`)]);
  }
});

it("has every row of the table, each of them a preset", () => {
  expect(Object.keys(PUBLISHED)).toEqual(Object.keys(OVERALL));
  expect(presetNames()).toEqual(expect.arrayContaining(Object.keys(PUBLISHED)));
});

describe.skipIf(!shared("peers.md"))(`beside a second copy of the table${unlessShared}`, () => {
  // Of 2018, without the corrections since.
  const CORRECTED = ["mobilenetv2dilated-c1_deepsup", "resnet50dilated-ppm_deepsup"];

  it("the figures are the same where they were not corrected since", () => {
    const lines = readFileSync(shared("peers.md")!, "utf8").split("\n");
    const cells = lines.flatMap((line) => {
      const [name, iou, accuracy, fps] = line
        .split("|")
        .slice(1)
        .map((cell) => cell.trim());
      const numbers = [iou, accuracy, fps].map((cell) => cell?.split("/").map(Number) ?? []);
      return numbers.every((pair) => pair.length === 2 && pair.every(Number.isFinite))
        ? [[name!, numbers] as const]
        : [];
    });
    const preset = (name: string) =>
      name
        .replace(/ \(.*\)/, "")
        .replace(/^UPerNet(\d+)$/, "resnet$1-upernet")
        .replace(" + ", "-")
        .toLowerCase();
    const compared = cells.filter(([name]) => PUBLISHED[preset(name)] && !CORRECTED.includes(preset(name)));
    expect(compared).toHaveLength(Object.keys(PUBLISHED).length - CORRECTED.length);
    for (const [name, numbers] of compared) {
      const { singleScale, multiScale } = PUBLISHED[preset(name)]!;
      const found = (["meanIou", "pixelAccuracy", "photosPerSecond"] as const).map((key) => [
        singleScale[key],
        multiScale[key],
      ]);
      expect([name, found]).toEqual([name, numbers]);
    }
  });
});

it("takes rows by the original's names of files too, each once, and names the nearest for one that there is not", () => {
  expect(tableRows()).toEqual(Object.keys(OVERALL));
  expect(tableRows(["ade20k-resnet50-upernet.yaml", "hrnetv2-c1", "resnet50-upernet"])).toEqual([
    "resnet50-upernet",
    "hrnetv2-c1",
  ]);
  expect(tableRows(["resnext101-upernet"])).toEqual(["resnext101-upernet"]);
  expect(() => tableRows(["hrnetv2-c2"])).toThrow(/no row hrnetv2-c2: did you mean hrnetv2-c1\?/);
});

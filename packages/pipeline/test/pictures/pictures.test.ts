import { ConfusionMatrix } from "@seg/metrics";
import { describe, expect, it } from "vitest";
import { confusionPicture } from "../../src/pictures/confusion-matrix.ts";
import { sideBySide } from "../../src/pictures/side-by-side.ts";

it("puts images of different widths side by side", () => {
  const image = (width: number, first: number) => ({
    data: Uint8Array.from({ length: width * 2 * 3 }, (_, i) => first + i),
    width,
    height: 2,
  });
  expect(sideBySide([image(1, 0), image(2, 100)])).toEqual({
    width: 3,
    height: 2,
    data: Uint8Array.from([0, 1, 2, 100, 101, 102, 103, 104, 105, 3, 4, 5, 106, 107, 108, 109, 110, 111]),
  });
});

describe("The picture of a confusion matrix", () => {
  const counts = (numClasses: number) =>
    new ConfusionMatrix(numClasses).add(Uint8Array.of(0, 0, 0, 1, 1), Uint8Array.of(0, 0, 0, 0, 1));
  const names = (count: number) => Array.from({ length: count }, (_, i) => `class ${i}`);

  /** How many pixels have this colour. */
  function pixels({ data }: { data: Uint8Array }, color: number[]): number {
    let found = 0;
    for (let i = 0; i < data.length; i += 3) if (color.every((value, c) => data[i + c] === value)) found++;
    return found;
  }

  it("shows a cell for each pair, the fuller the more of its row, and grey rows for absent classes", () => {
    const { data, width, height } = confusionPicture(counts(3), names(3));
    expect(data.length).toBe(width * height * 3);
    // Class 1 was always right: a full cell, apart from its digits.
    const full = pixels({ data }, [255, 130, 20]);
    const grey = pixels({ data }, [235, 235, 235]);
    // A quarter of class 0 went astray: half way to full, by the square root.
    const half = pixels({ data }, [255, Math.round(255 - 125 / 2), Math.round(255 - 235 / 2)]);
    expect(full).toBeGreaterThan(500);
    expect(half).toBeGreaterThan(500);
    expect(grey).toBeGreaterThan(3 * full);
  });

  it("is large enough for 150 classes and their names", () => {
    const { width, height } = confusionPicture(counts(150), names(150));
    expect([width, height].every((side) => side > 150 * 20 && side < 4000)).toBe(true);
  });
});

import { expect, it } from "vitest";
import { doubtfulPhotos } from "../../src/dataset/doubtful-photos.ts";

const convention = { name: "ade20k" };
const silent = ["x/a.jpg", "x/b.jpg", "x/c.jpg", "x/d.jpg"];

it("tells of photos whose labels' sizes do not show how they lie, until it is said", () => {
  const [line, ...others] = doubtfulPhotos({ silent }, { ...convention, orientation: "auto" });
  expect(others).toEqual([]);
  expect(line).toMatch(/^EXIF .* 4 photos \(a.jpg, b.jpg, c.jpg, …\) .*DATASET.label_orientation shown/);
  expect(doubtfulPhotos({ silent: ["a.jpg"] }, convention)[0]).toContain("1 photo (a.jpg)");
  for (const orientation of ["stored", "shown"] as const) {
    expect(doubtfulPhotos({ silent }, { ...convention, orientation })).toEqual([]);
  }
});

it("tells of photos that are hardly more than a line", () => {
  expect(doubtfulPhotos({ silent: [], thin: [{ file: "x/thin.png", side: "height" }] }, convention)).toEqual([
    expect.stringMatching(/^The height of 1 photo \(thin.png\) .*DATASET.imgMaxSize/),
  ]);
});

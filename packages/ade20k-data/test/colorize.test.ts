import { describe, expect, it } from "vitest";
import type { SegClass } from "../src/classes.ts";
import { colorize, overlay } from "../src/colorize.ts";
import { classShares } from "../src/label-map.ts";

const classes: SegClass[] = [
  { index: 0, name: "sky", names: ["sky"], color: [10, 20, 30] },
  { index: 1, name: "road", names: ["road"], color: [200, 100, 0] },
  { index: 2, name: "tree", names: ["tree"], color: [0, 255, 0] },
];
const map = { labels: Int16Array.from([1, 0, -1, 1]), width: 2, height: 2 };
const image = { data: Uint8Array.from([0, 100, 200, 50, 60, 70, 7, 8, 9, 255, 255, 255]), width: 2, height: 2 };

describe("Label maps", () => {
  it("become colours, unlabeled pixels black", () => {
    expect(colorize(map, classes)).toEqual({
      data: Uint8Array.from([200, 100, 0, 10, 20, 30, 0, 0, 0, 200, 100, 0]),
      width: 2,
      height: 2,
    });
    expect(colorize({ labels: Uint8Array.of(2), width: 1, height: 1 }, classes).data).toEqual(Uint8Array.of(0, 255, 0));
    expect(colorize({ labels: Int32Array.of(2), width: 1, height: 1 }, classes).data).toEqual(Uint8Array.of(0, 255, 0));
  });

  it("are laid over a photo, which stays as it is", () => {
    const before = image.data.slice();
    // By hand: 0.25 of the colour and 0.75 of the photo.
    expect(overlay(image, map, classes, 0.25).data).toEqual(
      Uint8Array.from([50, 100, 150, 40, 50, 60, 7, 8, 9, 241, 216, 191]),
    );
    expect(overlay(image, map, classes, 0).data).toEqual(before);
    expect(Array.from(overlay(image, map, classes, 1).data.subarray(0, 6))).toEqual([200, 100, 0, 10, 20, 30]);
    const buffer = { ...image, data: Buffer.from(before) };
    overlay(buffer, map, classes);
    expect([Array.from(image.data), Array.from(buffer.data)]).toEqual([Array.from(before), Array.from(before)]);
  });

  it("are refused when labels, sizes or weights do not fit", () => {
    expect(() => colorize({ ...map, labels: Int16Array.of(0, 1, 2, 3) }, classes)).toThrow(
      /from -1 to 2 but received 3/,
    );
    expect(() => colorize({ ...map, labels: Int16Array.of(0, 1, 2, -2) }, classes)).toThrow(
      expect.objectContaining({ code: "option" }),
    );
    expect(() => colorize({ ...map, width: 3 }, classes)).toThrow(
      expect.objectContaining({ code: "option", data: { option: "labels", received: 4 } }),
    );
    expect(() => overlay({ ...image, width: 4, height: 1 }, map, classes)).toThrow(
      expect.objectContaining({ code: "option", data: { option: "map", received: [2, 2] } }),
    );
    expect(() => overlay(image, map, classes, 1.5)).toThrow(expect.objectContaining({ code: "option" }));
  });

  it("have shares by class, the largest first", () => {
    expect(classShares(map, classes)).toEqual([
      { index: 1, name: "road", share: 0.5, color: [200, 100, 0] },
      { index: 0, name: "sky", share: 0.25, color: [10, 20, 30] },
    ]);
    expect(classShares({ labels: Int8Array.of(-1), width: 1, height: 1 }, classes)).toEqual([]);
  });
});

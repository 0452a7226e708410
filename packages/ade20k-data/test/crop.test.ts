import { describe, expect, it } from "vitest";
import { crop, cropWindow, isGoodCrop } from "../src/crop.ts";

describe("A crop's window", () => {
  it("lies anywhere inside the photo, each place alike, and holds shorter sides whole", () => {
    const size = { width: 10, height: 4 };
    const places = [0, 0.1666, 0.1667, 0.5, 0.9999999].map((share) => cropWindow(size, [6, 5], [share, share]));
    expect(places.map(({ x }) => x)).toEqual([0, 0, 1, 3, 5]);
    for (const { y, width, height } of places) expect([y, width, height]).toEqual([0, 5, 4]);
  });

  it("holds the pixels that lie in it", () => {
    const data = Uint8Array.from({ length: 4 * 3 * 3 }, (_, i) => i);
    expect(crop({ data, width: 4, height: 3 }, { x: 2, y: 1, width: 2, height: 2 })).toEqual({
      data: Uint8Array.of(18, 19, 20, 21, 22, 23, 30, 31, 32, 33, 34, 35),
      width: 2,
      height: 2,
    });
  });
});

describe("A crop is good", () => {
  const any = { catMaxRatio: 1, wantedClass: undefined };
  it.each([
    ["whatever it holds, if that is no matter", [0, 0, -1], any, true],
    ["if no class takes too much of what is labelled", [0, 0, 1, -1, -1], { ...any, catMaxRatio: 0.75 }, true],
    ["unless a class takes just that much", [0, 0, 0, 1], { ...any, catMaxRatio: 0.75 }, false],
    ["unless there is one class only", [0, -1], { ...any, catMaxRatio: 0.75 }, false],
    ["unless nothing is labelled", [-1, -1], { ...any, catMaxRatio: 0.75 }, false],
    ["if it holds the class that is wanted", [0, 0, 2], { ...any, wantedClass: 2 }, true],
    ["unless it does not", [0, 0, 1], { ...any, wantedClass: 2 }, false],
  ])("%s", (_, labels, options, good) => {
    expect(isGoodCrop(labels, options)).toBe(good);
  });
});

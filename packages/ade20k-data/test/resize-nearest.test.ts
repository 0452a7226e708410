import { describe, expect, it } from "vitest";
import { nearestPositions } from "../src/resize-nearest.ts";

// By hand with Pillow 12.2: np.asarray(Image.fromarray(np.arange(n, dtype=np.int32)[None], "I").resize((m, 1), Image.NEAREST)).
const PILLOW = [
  [7, 3, [1, 3, 5]],
  [3, 7, [0, 0, 1, 1, 1, 2, 2]],
  [10, 4, [1, 3, 6, 8]],
  [5, 5, [0, 1, 2, 3, 4]],
  [1, 3, [0, 0, 0]],
  [13, 1, [6]],
  // A centre that falls on the border of two pixels but for rounding: 7.5 · 2/15.
  [2, 15, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]],
] as const;

describe("Nearest neighbours", () => {
  it.each(PILLOW)("of %i pixels at %i are Pillow's", (inputSize, outputSize, expected) => {
    expect([...nearestPositions(inputSize, outputSize)]).toEqual(expected);
  });

  it("at a whole fraction of the size are the pixels right of the cells' centres", () => {
    expect([...nearestPositions(32, 4)]).toEqual([4, 12, 20, 28]);
    expect([...nearestPositions(12, 4)]).toEqual([1, 4, 7, 10]);
    expect([...nearestPositions(8, 4)]).toEqual([1, 3, 5, 7]);
  });
});

import { describe, expect, it } from "vitest";
import { fitted, kept, pixelAt, zoomed } from "../../src/page/view.ts";

const stage = { width: 800, height: 600 };

describe("the view of a picture", () => {
  it("fits a wide picture between left and right, in the middle of top and bottom", () => {
    expect(fitted({ width: 1600, height: 400 }, stage)).toEqual({ scale: 0.5, left: 0, top: 200 });
  });

  it("enlarges a tiny picture four times at most", () => {
    expect(fitted({ width: 10, height: 10 }, stage)).toEqual({ scale: 4, left: 380, top: 280 });
  });

  it("keeps the pixel under the pointer where it is when zooming", () => {
    const view = { scale: 0.5, left: 0, top: 200 };
    const picture = { width: 1600, height: 400 };
    expect(pixelAt(view, picture, 300, 250)).toEqual({ x: 600, y: 100 });
    expect(pixelAt(zoomed(view, 3, 300, 250, 0.1), picture, 300, 250)).toEqual({ x: 600, y: 100 });
  });

  it("leaves no gap beside a picture larger than the stage", () => {
    const picture = { width: 1000, height: 100 };
    expect(kept({ scale: 1, left: 50, top: 0 }, picture, stage)).toEqual({ scale: 1, left: 0, top: 250 });
    expect(kept({ scale: 1, left: -900, top: 0 }, picture, stage)).toEqual({ scale: 1, left: -200, top: 250 });
  });

  it("finds no pixel beside the picture", () => {
    expect(pixelAt({ scale: 1, left: 10, top: 10 }, { width: 5, height: 5 }, 9, 12)).toBeUndefined();
    expect(pixelAt({ scale: 1, left: 10, top: 10 }, { width: 5, height: 5 }, 15, 12)).toBeUndefined();
  });
});

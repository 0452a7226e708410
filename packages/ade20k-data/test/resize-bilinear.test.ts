import { describe, expect, it } from "vitest";
import { resizeBilinear } from "../src/resize-bilinear.ts";
import { PHOTO, RESIZED } from "./pillow.ts";

describe("Resizing gives Pillow's values", () => {
  it.each(RESIZED)("at $width×$height", ({ width, height, data }) => {
    expect(resizeBilinear(PHOTO, width, height)).toEqual({ data, width, height });
  });

  it("and the image itself at its own size", () => {
    expect(resizeBilinear(PHOTO, PHOTO.width, PHOTO.height)).toBe(PHOTO);
  });
});

import { describe, expect, it } from "vitest";
import { resizeAntialiased } from "../src/resize-antialiased.ts";
import { PHOTO, RESIZED } from "./pillow.ts";

describe("Resizing gives Pillow's values", () => {
  it.each(RESIZED)("at $width×$height", ({ width, height, data }) => {
    expect(resizeAntialiased(PHOTO, width, height)).toEqual({ data, width, height });
  });

  it("and the image itself at its own size", () => {
    expect(resizeAntialiased(PHOTO, PHOTO.width, PHOTO.height)).toBe(PHOTO);
  });
});

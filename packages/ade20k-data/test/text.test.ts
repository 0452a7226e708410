import { describe, expect, it } from "vitest";
import { blankImage } from "../src/canvas.ts";
import type { RgbImage } from "../src/image.ts";
import { resizeAntialiased } from "../src/resize-antialiased.ts";
import { drawText, fitText, TEXT_HEIGHT, textWidth } from "../src/text.ts";

const LINE = "Photo, swimming pool 43%";

function drawn(scale: number): RgbImage {
  const image = blankImage(textWidth(LINE, scale), Math.ceil(TEXT_HEIGHT * scale));
  drawText(image, LINE, 0, 0, scale);
  return image;
}

describe("Text", () => {
  it.each([1.5, 2, 3, 6.4])("at scale %d looks as it does at 1 once it is shrunk again", (scale) => {
    const small = drawn(1);
    const shrunk = resizeAntialiased(drawn(scale), small.width, small.height);
    const difference = shrunk.data.reduce((sum, value, i) => sum + Math.abs(value - small.data[i]!), 0);
    const ink = small.data.reduce((sum, value) => sum + 255 - value, 0);
    expect(difference / ink).toBeLessThan(0.5);
    const inkOfBoth = shrunk.data.reduce((sum, value) => sum + 255 - value, 0) / ink;
    expect(Math.abs(inkOfBoth - 1)).toBeLessThan(0.1);
  });

  it("has edges as sharp at any scale", () => {
    // Of a line's pixels, those that are neither paper nor ink are on outlines: twice as many at twice the size.
    const between = ({ data }: RgbImage) => data.filter((value) => value > 40 && value < 215).length;
    expect(between(drawn(4)) / between(drawn(2))).toBeLessThan(2.5);
  });

  it("beyond the picture is left out", () => {
    const image = blankImage(12, 12);
    drawText(image, LINE, -5, -5, 2);
    drawText(image, LINE, 8, 8);
    expect(image.data.length).toBe(12 * 12 * 3);
    expect(image.data.some((value) => value < 255)).toBe(true);
  });

  it("that does not fit is cut at its end, or at its beginning", () => {
    expect(fitText("short", 500)).toBe("short");
    const end = fitText("folder/of/many/photos/photo.jpg", 120, { keepEnd: true });
    expect(end).toMatch(/^\.\.\..*photo\.jpg$/);
    const begin = fitText("a very long name of a class", 120);
    expect(begin).toMatch(/^a very.*\.\.\.$/);
    for (const text of [end, begin]) expect(textWidth(text)).toBeLessThanOrEqual(120);
    expect(fitText("text", 3)).toBe("");
  });
});

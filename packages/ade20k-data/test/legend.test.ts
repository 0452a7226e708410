import { describe, expect, it } from "vitest";
import type { RgbImage } from "../src/image.ts";
import { legend } from "../src/legend.ts";

const row = (name: string, share = 0.5, color: [number, number, number] = [255, 0, 0]) => ({
  index: 0,
  name,
  share,
  color,
});

/** How many pixels have this colour. */
function count({ data }: RgbImage, color: number[]): number {
  let pixels = 0;
  for (let i = 0; i < data.length; i += 3) if (color.every((value, c) => data[i + c] === value)) pixels++;
  return pixels;
}

describe("A legend", () => {
  it("has a swatch and a line of text for each class", () => {
    const image = legend([row("sky", 0.6, [1, 200, 3]), row("road", 0.4, [200, 2, 100])]);
    expect(image.data.length).toBe(image.width * image.height * 3);
    expect(count(image, [1, 200, 3])).toBe(20 * 20);
    expect(count(image, [200, 2, 100])).toBe(20 * 20);
    expect(legend([row("sky")]).height).toBeLessThan(image.height);
  });

  it("is as wide as its longest name", () => {
    expect(legend([row("sky"), row("swimming pool, swimming bath")]).width).toBeGreaterThan(legend([row("sky")]).width);
  });

  it("draws letters of several alphabets, each its own way, and a question mark for others", () => {
    const pictures = ["a", "b", "W", "é", "ł", "ж", "Ω", "%", "?"].map((name) => legend([row(name)]));
    expect(new Set(pictures.map(({ data }) => Buffer.from(data).toString("base64"))).size).toBe(9);
    for (const picture of pictures) expect(count(picture, [0, 0, 0])).toBeGreaterThan(10);
    expect(legend([row("字")])).toEqual(legend([row("?")]));
    // A letter and its combining accent make one character.
    expect(legend([row("e\u0301")])).toEqual(legend([row("é")]));
  });

  it("needs at least one class", () => {
    expect(() => legend([])).toThrow(expect.objectContaining({ code: "option" }));
  });
});

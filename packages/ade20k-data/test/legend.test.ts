import { describe, expect, it } from "vitest";
import type { RgbImage } from "../src/image.ts";
import { legend, withLegend } from "../src/legend.ts";

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

  it("has a border around each swatch, also a white one's", () => {
    const image = legend([row("paper", 0.5, [255, 255, 255])]);
    expect(count(image, [110, 110, 110])).toBe(22 * 22 - 20 * 20);
  });

  it("has several columns where there are many classes, or as many as fit into a width", () => {
    const rows = Array.from({ length: 150 }, (_, i) => row(`class ${i}`, 0.01, [1, 2, 3]));
    const image = legend(rows);
    expect(count(image, [1, 2, 3])).toBe(150 * 400);
    expect(image.height).toBe(38 * 26 + 10);
    expect(legend(rows, { width: 700 }).width).toBeLessThanOrEqual(700);
    expect(legend(rows, { width: 1 }).height).toBe(150 * 26 + 10);
  });

  it("is as large as it is asked to be", () => {
    const image = legend([row("sky", 0.6, [1, 200, 3])], { scale: 2.5 });
    expect(count(image, [1, 200, 3])).toBe(50 * 50);
    for (const scale of [0.5, Number.NaN, 1e9]) {
      expect(() => legend([row("sky")], { scale })).toThrow(expect.objectContaining({ code: "option" }));
    }
  });

  it("beside a picture has letters of its size, and needs no more height than it has width", () => {
    const picture = (width: number, height: number) => ({ data: new Uint8Array(width * height * 3), width, height });
    const rows = Array.from({ length: 150 }, (_, i) => row(`class ${i}`, 0.01, [1, 2, 3]));
    for (const [width, height] of [
      [64, 64],
      [640, 480],
      [3000, 2160],
    ] as const) {
      const image = withLegend(picture(width, height), rows);
      expect(image.height).toBeGreaterThanOrEqual(height);
      expect(image.height).toBeLessThanOrEqual(Math.max(height, image.width - width));
      expect(count(image, [1, 2, 3])).toBe(150 * (height === 2160 ? 60 * 60 : 400));
      // The picture itself, black, is whole.
      expect(count(image, [0, 0, 0])).toBeGreaterThanOrEqual(width * height);
    }
    const alone = picture(5, 5);
    expect(withLegend(alone, [])).toBe(alone);
  });

  it("needs at least one class", () => {
    expect(() => legend([])).toThrow(expect.objectContaining({ code: "option" }));
  });
});

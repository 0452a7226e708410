import { describe, expect, it } from "vitest";
import { type BmpHeader, decodeBmp } from "../src/bmp.ts";

const [GREY, RED] = [
  [90, 91, 92],
  [200, 1, 2],
];

const header = (parts: Partial<BmpHeader>): BmpHeader => ({
  ...{ width: 4, height: 2, topDown: false, bits: 8, compression: 1, offset: 0, masks: [0, 0, 0] },
  ...{ palette: Uint8Array.from([...GREY, ...RED]), ...parts },
});

describe("A BMP's runs", () => {
  it("leave the first colour where they step over pixels, and are lost beyond a row's end", () => {
    const steps = [0, 2, 1, 0];
    const data = Uint8Array.from([3, 1, 255, 1, 255, 1, 0, 0, ...steps, 2, 1, 0, 1]);
    expect([...decodeBmp(data, header({}))]).toEqual([GREY, RED, RED, GREY, RED, RED, RED, RED].flat());
    expect([...decodeBmp(data, header({ topDown: true }))]).toEqual([RED, RED, RED, RED, GREY, RED, RED, GREY].flat());
  });

  it("take two colours by turns at four bits a pixel, within a row and beyond it", () => {
    const literal = [0, 5, 0x10, 0x11, 0x10, 0];
    const data = Uint8Array.from([5, 0x01, 0, 0, ...literal, 0, 1]);
    const pixels = [RED, GREY, RED, RED, GREY, RED, GREY, RED].flat();
    expect([...decodeBmp(data, header({ bits: 4, compression: 2 }))]).toEqual(pixels);
  });

  it("may be far fewer than the pixels, which are then of the first colour", () => {
    const { width, height } = { width: 4000, height: 3000 };
    const black = decodeBmp(Uint8Array.of(0, 1), header({ width, height, palette: new Uint8Array(3) }));
    const grey = decodeBmp(Uint8Array.of(0, 1), header({ width, height }));
    expect([black.length, grey.length]).toEqual([width * height * 3, width * height * 3]);
    expect(black.every((value) => value === 0)).toBe(true);
    expect(grey.every((value, i) => value === 90 + (i % 3))).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { isImageFile } from "../src/decode-image.ts";
import { checkImage, type Pixels, rgbImage } from "../src/pixels.ts";

const size = { width: 2, height: 1 };
const RGB = [10, 20, 30, 40, 50, 60];
const expected = { data: Uint8Array.from(RGB), ...size };
const RGBA = [10, 20, 30, 255, 40, 50, 60, 0];

describe("Pixels in memory become RGB", () => {
  it.each([
    ["RGB bytes", Uint8Array.from(RGB)],
    ["RGBA as a canvas gives it, alpha dropped", Uint8ClampedArray.from(RGBA)],
    ["a Buffer", Buffer.from(RGB)],
    ["16-bit arrays of small values", Uint16Array.from(RGBA)],
    ["signed integers", Int32Array.from(RGB)],
    ["floats from 0 to 255, rounded", Float32Array.from(RGB, (value) => value + 0.3)],
    ["plain numbers", RGB],
  ])("from %s", (_, data) => {
    expect(rgbImage({ data, ...size })).toEqual(expected);
    expect(rgbImage({ data, ...size, channels: data.length / 2 })).toEqual(expected);
  });

  it("from grey, with alpha and without", () => {
    const grey = { data: Uint8Array.of(7, 7, 7, 9, 9, 9), ...size };
    expect(rgbImage({ data: Uint8Array.of(7, 9), ...size })).toEqual(grey);
    expect(rgbImage({ data: Uint8Array.of(7, 255, 9, 0), ...size })).toEqual(grey);
  });

  it("without a copy of RGB bytes", () => {
    const data = Uint8Array.from(RGB);
    expect(rgbImage({ data, ...size }).data.buffer).toBe(data.buffer);
  });
});

describe("Pixels are refused", () => {
  it.each([
    [
      "as fractions from 0 to 1",
      { data: Float32Array.from(RGB, (value) => value / 255), ...size },
      "multiply them by 255",
    ],
    ["as a black-and-white picture of fractions", { data: Float64Array.of(0, 1), ...size }, "multiply them by 255"],
    ["of 16 bits", { data: Uint16Array.of(3000, 4), ...size }, "divide 16-bit values by 257"],
    ["that are no numbers", { data: Float32Array.of(Number.NaN, 4), ...size }, "NaN at index 0"],
    ["below 0", { data: Int8Array.of(3, -4), ...size }, "-4 at index 1"],
    ["that are too few", { data: Uint8Array.from(RGB.slice(1)), ...size }, "5 values for 2×1, 2.5 a pixel"],
    ["of five channels", { data: new Uint8Array(10), ...size }, "5 a pixel"],
    ["of other channels than said", { data: Uint8Array.from(RGBA), ...size, channels: 3 }, "with 3 channels"],
    ["without a size", { data: Uint8Array.from(RGB) }, "undefined and undefined"],
    ["with sides that are no whole numbers", { data: Uint8Array.from(RGB), width: 1.5, height: 1 }, "1.5 and 1"],
    ["with sides in words", { data: Uint8Array.from(RGB), width: "2", height: 1 }, '"2" and 1'],
    ["with no pixel", { data: new Uint8Array(0), width: 0, height: 0 }, "0 and 0"],
    ["of big integers", { data: new BigInt64Array(6), ...size }, "BigInt64Array"],
    ["of text", { data: "pixels", ...size }, "data of type string"],
    ["that are a view without numbers", { data: new DataView(new ArrayBuffer(6)), ...size }, "DataView"],
    ["where there are none", undefined, "received undefined"],
    ["where there is nothing", null, "received null"],
    ["where there is another object", new Map(), "received Map"],
    ["where there is an array alone", Float32Array.from(RGB), "received Float32Array"],
  ])("%s", (_, pixels, said) => {
    expect(() => rgbImage(pixels as Pixels)).toThrow(said);
    expect(() => rgbImage(pixels as Pixels)).toThrow(expect.objectContaining({ name: "DataError", code: "option" }));
  });

  it("where an image of RGB bytes is wanted", () => {
    for (const [image, said] of [
      [{ data: Uint8Array.from(RGBA), ...size }, "rgbImage takes RGBA"],
      [{ data: Float32Array.from(RGB), ...size }, "data of type Float32Array"],
      [{ data: Uint8Array.from(RGB), width: 2, height: Number.NaN }, "2 and NaN"],
      [undefined, "received undefined"],
    ] as const) {
      expect(() => checkImage(image as never)).toThrow(said);
    }
  });
});

it("Files are told from pixels", () => {
  const files = [
    "a.jpg",
    new URL("file:///a.jpg"),
    new Blob([]),
    new ArrayBuffer(3),
    new Uint8Array(3),
    new DataView(new ArrayBuffer(3)),
  ];
  for (const file of files) expect(isImageFile(file)).toBe(true);
  for (const other of [expected, new Float32Array(3), undefined, 3]) expect(isImageFile(other)).toBe(false);
});

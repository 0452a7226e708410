import { describe, expect, it } from "vitest";
import { normalize } from "../src/normalize.ts";

const image = { data: Uint8Array.from([0, 128, 255, 17, 99, 201]), width: 2, height: 1 };

describe("Normalizing", () => {
  it("scales RGB to [0, 1], subtracts ImageNet's mean and divides by its spread", () => {
    const mean = [0.485, 0.456, 0.406];
    const std = [0.229, 0.224, 0.225];
    const values = normalize(image);
    image.data.forEach((value, i) => {
      expect(values[i]).toBeCloseTo((value / 255 - mean[i % 3]!) / std[i % 3]!, 5);
    });
    expect(normalize(image, "rgb")).toEqual(values);
  });

  it("turns RGB into BGR and subtracts the mean alone for the weights of 2018", () => {
    const expected = [255 - 102.9801, 128 - 115.9465, 0 - 122.7717, 201 - 102.9801, 99 - 115.9465, 17 - 122.7717];
    normalize(image, "bgr-2018").forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
  });

  it("refuses other formats by name", () => {
    expect(() => normalize(image, "bgr" as "rgb")).toThrow(
      expect.objectContaining({ code: "option", data: { option: "inputFormat", received: "bgr" } }),
    );
  });
});

import { reference, type SampledTensor, shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../src/decode-image.ts";
import { resizeForScale, scaledSize, VALIDATION_SIZES, validationScales } from "../src/validation-scales.ts";

interface Reference {
  val: {
    image: string;
    rgb: { shape: number[]; mean: number[] };
    img_data: SampledTensor[];
    img_data_pad32: SampledTensor;
  }[];
}

const data = reference<Reference>("data.json");
const sample = shared("data/ade20k-sample");
const IMAGES = ["images/validation/ADE_val_00000001.jpg", "images/training/ADE_train_00000001.jpg"];

/** The largest and the mean difference in units of 1/255 of the value before normalization, channel by channel. */
function compare(values: Float32Array, { shape, index, value }: SampledTensor) {
  const [, , height, width] = shape as [number, number, number, number];
  const std = [0.229, 0.224, 0.225];
  const differences = index.map((flat, k) => {
    const channel = Math.floor(flat / (height * width));
    return Math.abs(values[(flat % (height * width)) * 3 + channel]! - value[k]!) * std[channel]! * 255;
  });
  return { worst: Math.max(...differences), mean: differences.reduce((a, b) => a + b) / differences.length };
}

describe.skipIf(!sample)(`The validation transform equals the original's${unlessShared}`, () => {
  it.each(IMAGES)("on %s", async (image) => {
    const { rgb, img_data, img_data_pad32 } = data.val.find((entry) => entry.image === image)!;
    const photo = await decodeImage(`${sample}/${image}`);
    expect([photo.height, photo.width, 3]).toEqual(rgb.shape);
    for (let c = 0; c < 3; c++) {
      const mean = photo.data.reduce((sum, value, i) => (i % 3 === c ? sum + value : sum), 0) / (photo.data.length / 3);
      expect(mean).toBeCloseTo(rgb.mean[c]!, 9);
    }

    const scales = [
      ...Array.from(validationScales(photo), (input, i) => ({ input, expected: img_data[i]! })),
      ...Array.from(validationScales(photo, { sizes: [450], paddingConstant: 32 }), (input) => ({
        input,
        expected: img_data_pad32,
      })),
    ];
    expect(scales.length).toBe(6);
    for (const { input, expected } of scales) {
      expect([1, 3, input.height, input.width]).toEqual(expected.shape);
      // The reference allows 1.5 and 0.3; with Pillow's own arithmetic only float32 rounding is left.
      expect(compare(input.data, expected).worst).toBeLessThan(1e-4);
      const mean = input.data.reduce((sum, value) => sum + value, 0) / input.data.length;
      expect(mean).toBeCloseTo(expected.mean, 5);
      const spread = Math.sqrt(input.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / input.data.length);
      expect(spread).toBeCloseTo(expected.std, 4);
    }
  });
});

describe("The size at a scale", () => {
  it("keeps the proportions, rounds down to pixels and then up to the padding constant", () => {
    // By hand: 512×683 at 300 is a factor of 0.5859375: 300 × 400.1 pixels, which become 304 × 400.
    expect(scaledSize({ width: 683, height: 512 }, { shortSide: 300 })).toEqual({ width: 400, height: 304 });
    expect(scaledSize({ width: 512, height: 683 }, { shortSide: 300 })).toEqual({ width: 304, height: 400 });
    expect(scaledSize({ width: 683, height: 512 }, { shortSide: 300, paddingConstant: 32 })).toEqual({
      width: 416,
      height: 320,
    });
    expect(scaledSize({ width: 683, height: 512 }, { shortSide: 300, paddingConstant: 1 })).toEqual({
      width: 400,
      height: 300,
    });
  });

  it("stays within the largest size, which wins over the short side", () => {
    // 3000×600 at 600 would be 3000 long; at most 1000 makes 1000 × 200.
    expect(scaledSize({ width: 3000, height: 600 }, { shortSide: 600 })).toEqual({ width: 1000, height: 200 });
    expect(scaledSize({ width: 3000, height: 600 }, { shortSide: 600, maxSize: 2000 })).toEqual({
      width: 2000,
      height: 400,
    });
  });

  it("is refused where nothing would be left of the short side", () => {
    expect(() => scaledSize({ width: 20000, height: 10 }, { shortSide: 300 })).toThrow(
      expect.objectContaining({ code: "bad-size", data: { width: 20000, height: 10 } }),
    );
    expect(scaledSize({ width: 20000, height: 20 }, { shortSide: 300 })).toEqual({ width: 1000, height: 8 });
  });

  it("is refused for sizes that are no positive whole numbers", () => {
    for (const options of [
      { shortSide: 0 },
      { shortSide: 300.5 },
      { shortSide: 300, maxSize: Number.NaN },
      { shortSide: 300, paddingConstant: -8 },
    ]) {
      expect(() => scaledSize({ width: 683, height: 512 }, options)).toThrow(
        expect.objectContaining({ code: "option" }),
      );
    }
  });
});

describe("Scales of an image", () => {
  const image = { data: new Uint8Array(40 * 30 * 3).fill(100), width: 40, height: 30 };

  it("are made one by one, when they are asked for", () => {
    let reads = 0;
    const watched = {
      ...image,
      get data() {
        reads++;
        return image.data;
      },
    };
    const scales = validationScales(watched, { sizes: [12, 15, 18] });
    expect(reads).toBe(0);
    expect(scales.next().value).toMatchObject({ shortSide: 12, width: 16, height: 16 });
    const afterFirst = reads;
    scales.next();
    expect(reads).toBeGreaterThan(afterFirst);
  });

  it("are the original's five sizes unless others are named", () => {
    expect(Array.from(validationScales(image), ({ shortSide }) => shortSide)).toEqual([...VALIDATION_SIZES]);
    expect(VALIDATION_SIZES).toEqual([300, 375, 450, 525, 600]);
  });

  it("leave the photo as it was", () => {
    const before = image.data.slice();
    resizeForScale(image, { shortSide: 12 });
    Array.from(validationScales(image, { sizes: [30], paddingConstant: 1 }));
    expect(image.data).toEqual(before);
  });
});

import { decodeImage, scaledSize } from "@seg/ade20k-data";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { problemOf } from "../src/failures.ts";

const png = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "teal" } })
    .png()
    .toBuffer();

const problem = async (photo: Promise<Buffer>) =>
  problemOf(await decodeImage(await photo, { maxPixels: 1000 }).catch((error: unknown) => error));

describe("what is wrong with a photo", () => {
  it.each([
    ["too many pixels", () => problem(png(50, 40)), "too-large", 413],
    ["a side of one pixel", () => problem(png(900, 1)), "not-a-photo", 422],
  ])("is told of %s", async (_what, found, code, status) => {
    const told = await found();
    expect(told).toMatchObject({ code, status });
    // Neither options of the service nor where it read it.
    expect(told?.message).not.toMatch(/maxPixels|imgMaxSize|DATASET|buffer/);
    expect(told?.message).toMatch(/^Expected an image .* but it has \d+×\d+: [a-z ]+\.$/);
  });

  it("is told of one whose height becomes too short, which is not too large", () => {
    let thrown: unknown;
    try {
      scaledSize({ width: 20_000, height: 2 }, { shortSide: 300, maxSize: 1000, paddingConstant: 8 });
    } catch (error) {
      thrown = error;
    }
    const told = problemOf(thrown);
    expect(told).toMatchObject({ code: "not-a-photo", status: 422 });
    expect(told?.message).toMatch(/20000×2, whose height becomes too short: crop it/);
    expect(told?.message).not.toMatch(/imgMaxSize|DATASET/);
  });
});

import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { READY_CONVENTIONS } from "../src/label-convention.ts";
import { countClasses, sumCounts } from "../src/label-counts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();

/** A record whose label file holds these values, 4 pixels wide. */
async function record(name: string, values: number[]) {
  const raw = { width: 4, height: values.length / 4, channels: 1 } as const;
  const image = sharp(Uint8Array.from(values), { raw }).toColourspace("b-w");
  await image.png().toFile(inFolder(name));
  return { imagePath: inFolder("photo.jpg"), labelPath: inFolder(name), width: 4, height: values.length / 4 };
}

describe("Counting classes", () => {
  it("gives each label's pixels, their sums, photos and all pixels of those, and tells of its progress", async () => {
    const records = [await record("a.png", [0, 1, 1, 3]), await record("b.png", [1, 1, 1, 1, 2, 0, 0, 0])];
    const told: number[][] = [];
    const each = await countClasses(records, { numClasses: 4, onProgress: (...numbers) => told.push(numbers) });
    expect(each.map((own) => [...own])).toEqual([
      [1, 2, 0, 1, 0],
      [3, 4, 1, 0, 0],
    ]);
    expect(sumCounts(each, 4)).toEqual({
      images: 2,
      pixels: 12,
      unlabeled: 4,
      classes: [
        { pixels: 6, images: 2, imagePixels: 12 },
        { pixels: 1, images: 1, imagePixels: 8 },
        { pixels: 1, images: 1, imagePixels: 4 },
        { pixels: 0, images: 0, imagePixels: 0 },
      ],
    });
    expect(told).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it("takes labels of another convention", async () => {
    const [own] = await countClasses([await record("d.png", [0, 1, 1, 255])], {
      numClasses: 2,
      convention: READY_CONVENTIONS["zero-based"],
    });
    expect([...own!]).toEqual([1, 1, 2]);
  });

  it("names a label that holds another class, and stops with its signal's reason", async () => {
    const records = [await record("c.png", [0, 1, 2, 3])];
    await expect(countClasses(records, { numClasses: 2 })).rejects.toMatchObject({
      code: "bad-label",
      data: { file: inFolder("c.png"), value: 3 },
    });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(countClasses(records, { numClasses: 3, signal })).rejects.toThrow("enough");
    await expect(countClasses(records, { classes: 2 } as never)).rejects.toMatchObject({ code: "option" });
  });
});

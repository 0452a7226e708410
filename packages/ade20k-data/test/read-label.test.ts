import { writeFile } from "node:fs/promises";
import { reference, shared, unlessShared } from "@seg/testing";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readLabel } from "../src/read-label.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const data = reference<{ val: { image: string; label_histogram: Record<string, number> }[] }>("data.json");
const sample = shared("data/ade20k-sample");

// Five columns, three rows, made by Pillow 12.2: values 0 to 14, in the last two files modulo 4 and 2.
const FILES = [
  [
    "8-bit grey",
    256,
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAADCAAAAAB+XZokAAAAF0lEQVR4nAXBAQkAAAACoIT6fzkVMOjgAP4AHaWe4JoAAAAASUVORK5CYII=",
  ],
  [
    "4-bit palette with transparency",
    256,
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAADBAMAAACpGNjLAAAALVBMVEULMFV6n8TpDjNYfaLH7BE2W4Clyu8UOV6DqM3yFzxhhqvQ9Ro/ZImu0/gdQmdFYWhqAAAAD3RSTlMAgP////////////////9ZdpkVAAAAFElEQVR4nGNkVJJlCVWSYFytJAwACI8Btq1kyPgAAAAASUVORK5CYII=",
  ],
  [
    "2-bit palette",
    4,
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAgMAAAAmWC1rAAAADFBMVEULMFV6n8TpDjNYfaI0UNgVAAAAEUlEQVR4nGOQZmAJvMLiKgIABogBoqvmt1sAAAAASUVORK5CYII=",
  ],
  [
    "1-bit palette",
    2,
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAQMAAABh+Fe7AAAABlBMVEULMFV6n8Sh5HPgAAAADklEQVR4nGMIYFjBEAAAA94BSXfAiOEAAAAASUVORK5CYII=",
  ],
] as const;

const raw = { width: 5, height: 3, channels: 1 } as const;
const values = Uint8Array.from({ length: 15 }, (_, i) => i);

async function write(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(inFolder(name), bytes);
  return inFolder(name);
}

async function refusal(path: string, options = {}): Promise<{ code: string; message: string }> {
  const error = await readLabel(path, options).then(
    () => expect.unreachable("the label was read"),
    (error) => error,
  );
  expect(error).toMatchObject({ name: "DataError", data: { file: path }, message: expect.stringContaining(path) });
  return error;
}

describe("Reading labels", () => {
  it.each(FILES)("gives the values of an %s PNG minus one", async (name, modulus, base64) => {
    const path = await write(`${name}.png`, Buffer.from(base64, "base64"));
    const expected = Int16Array.from(values, (value) => (value % modulus) - 1);
    expect(await readLabel(path, { width: 5, height: 3 })).toEqual({ labels: expected, width: 5, height: 3 });
  });

  it("understands interlaced files and values up to 255", async () => {
    const wide = Uint8Array.from({ length: 15 }, (_, i) => 255 - i);
    const file = await sharp(wide, { raw }).toColourspace("b-w").png({ progressive: true }).toBuffer();
    expect((await readLabel(await write("interlaced.png", file))).labels).toEqual(
      Int16Array.from(wide, (value) => value - 1),
    );
  });

  it.skipIf(!sample).each(["images/validation/ADE_val_00000001.jpg", "images/training/ADE_train_00000001.jpg"])(
    `counts the original's labels for %s${unlessShared}`,
    async (image) => {
      const { label_histogram } = data.val.find((entry) => entry.image === image)!;
      const path = `${sample}/${image.replace("images", "annotations").replace(".jpg", ".png")}`;
      const histogram: Record<string, number> = {};
      for (const label of (await readLabel(path, { numClasses: 150, width: 683, height: 512 })).labels) {
        histogram[label] = (histogram[label] ?? 0) + 1;
      }
      expect(histogram).toEqual(label_histogram);
    },
  );
});

describe("A label file is refused, with its name,", () => {
  it("when it has 16 bits or more than one channel", async () => {
    const grey16 = await sharp(Uint16Array.from(values), { raw }).toColourspace("grey16").png().toBuffer();
    const rgb = await sharp(values, { raw }).toColourspace("srgb").png().toBuffer();
    const rgba = await sharp(values, { raw }).toColourspace("srgb").ensureAlpha().png().toBuffer();
    expect(await refusal(await write("a.png", grey16))).toMatchObject({
      code: "bad-label",
      message: expect.stringContaining("16 bits"),
    });
    expect(await refusal(await write("b.png", rgb))).toMatchObject({
      code: "bad-label",
      message: expect.stringContaining("RGB:"),
    });
    expect(await refusal(await write("c.png", rgba))).toMatchObject({
      code: "bad-label",
      message: expect.stringContaining("alpha"),
    });
  });

  it("when it is no PNG", async () => {
    const jpeg = await sharp(values, { raw }).jpeg().toBuffer();
    expect(await refusal(await write("d.png", jpeg))).toMatchObject({
      code: "bad-label",
      message: expect.stringContaining("PNG"),
    });
    expect(await refusal(await write("e.png", new Uint8Array(0)))).toMatchObject({ code: "bad-label" });
  });

  it("when its size is not its photo's", async () => {
    const path = await write("f.png", Buffer.from(FILES[0][2], "base64"));
    expect(await refusal(path, { width: 3, height: 5 })).toMatchObject({
      code: "bad-label",
      data: { width: 5, height: 3, expectedWidth: 3, expectedHeight: 5 },
    });
    expect(await refusal(path, { height: 4 })).toMatchObject({ code: "bad-label" });
  });

  it("when a value is above the number of classes", async () => {
    const path = await write("g.png", Buffer.from(FILES[0][2], "base64"));
    expect((await readLabel(path, { numClasses: 14 })).labels[14]).toBe(13);
    expect(await refusal(path, { numClasses: 11 })).toMatchObject({
      code: "bad-label",
      data: { value: 12, x: 2, y: 2, numClasses: 11 },
    });
  });

  it("when it is cut off, altered or missing", async () => {
    const file = Buffer.from(FILES[0][2], "base64");
    for (let kept = 30; kept < file.length - 12; kept++) {
      expect(await refusal(await write("h.png", file.subarray(0, kept)))).toMatchObject({ code: "truncated" });
    }
    const altered = Buffer.from(file);
    altered[file.length - 24]! ^= 1;
    expect(await refusal(await write("i.png", altered))).toMatchObject({ code: "truncated" });
    expect(await refusal(inFolder("none.png"))).toMatchObject({ code: "not-found" });
  });
});

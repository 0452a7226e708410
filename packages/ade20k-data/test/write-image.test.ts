import { readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { ADE20K_CLASSES } from "../src/ade20k-classes.ts";
import { readLabel } from "../src/read-label.ts";
import { writeImage, writeLabelPng } from "../src/write-image.ts";
import { PHOTO } from "./pillow.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const labels = Int16Array.from({ length: 13 * 31 }, (_, i) => (i % 151) - 1);
const map = { labels, width: 31, height: 13 };

describe("Label files", () => {
  it("read back as they were where they show one class alone, or classes of grey colours alone", async () => {
    const greys = ADE20K_CLASSES.flatMap(({ color: [r, g, b] }, label) => (r === g && g === b ? [label] : []));
    expect(greys.length).toBeGreaterThan(0);
    for (const shown of [greys, [-1, ...greys], ...ADE20K_CLASSES.map((_, label) => [label])]) {
      const labels = Int16Array.from(shown);
      await writeLabelPng(inFolder("few.png"), { labels, width: shown.length, height: 1 }, ADE20K_CLASSES);
      expect((await readLabel(inFolder("few.png"), { numClasses: 150 })).labels, String(shown)).toEqual(labels);
    }
  });

  it("are indexed PNGs of 8 bits with the classes' colours as their palette", async () => {
    await writeLabelPng(inFolder("label.png"), map, ADE20K_CLASSES);
    const file = await readFile(inFolder("label.png"));
    // IHDR: bit depth and colour type; then the palette's chunk.
    expect([file[24], file[25]]).toEqual([8, 3]);
    const start = file.indexOf("PLTE") + 4;
    expect(file.readUInt32BE(start - 8)).toBe(151 * 3);
    expect(Array.from(file.subarray(start, start + 151 * 3))).toEqual([
      0,
      0,
      0,
      ...ADE20K_CLASSES.flatMap(({ color }) => [...color]),
    ]);
  });

  it("look right to another decoder and read back as they were", async () => {
    await writeLabelPng(inFolder("label.png"), map, ADE20K_CLASSES);
    const { data, info } = await sharp(inFolder("label.png")).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([31, 13, 3]);
    labels.forEach((label, i) => {
      expect(Array.from(data.subarray(i * 3, i * 3 + 3))).toEqual(
        label === -1 ? [0, 0, 0] : ADE20K_CLASSES[label]!.color,
      );
    });
    expect(await readLabel(inFolder("label.png"))).toEqual(map);
  });

  it("cannot hold labels that are no classes, nor more than 255 classes", async () => {
    await expect(writeLabelPng(inFolder("x.png"), map, ADE20K_CLASSES.slice(0, 100))).rejects.toMatchObject({
      code: "option",
      data: { option: "labels" },
    });
    await expect(writeLabelPng(inFolder("x.png"), map, Array(256).fill(ADE20K_CLASSES[0]))).rejects.toThrow(
      /255 classes/,
    );
  });
});

describe("Images", () => {
  it("are saved in the format that the extension names", async () => {
    await writeImage(inFolder("new/folder/a.png"), PHOTO);
    expect(new Uint8Array(await sharp(inFolder("new/folder/a.png")).raw().toBuffer())).toEqual(PHOTO.data);
    for (const [name, format] of [
      ["a.JPG", "jpeg"],
      ["a.jpeg", "jpeg"],
      ["a.webp", "webp"],
    ] as const) {
      await writeImage(inFolder(name), PHOTO);
      expect(await sharp(inFolder(name)).metadata()).toMatchObject({
        format,
        width: PHOTO.width,
        height: PHOTO.height,
      });
    }
    await expect(writeImage(inFolder("a.bmp"), PHOTO)).rejects.toMatchObject({
      code: "option",
      data: { option: "path", received: inFolder("a.bmp") },
    });
  });

  it("say where they cannot be written", async () => {
    await writeFile(inFolder("file"), "");
    const refused = { name: "FileError", code: "unwritable", data: { file: inFolder("file/a.png") } };
    await expect(writeImage(inFolder("file/a.png"), PHOTO)).rejects.toMatchObject(refused);
    await expect(writeLabelPng(inFolder("file/a.png"), map, ADE20K_CLASSES)).rejects.toMatchObject(refused);
  });
});

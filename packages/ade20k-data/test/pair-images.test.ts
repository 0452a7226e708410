import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readOdgt, writeOdgt } from "../src/odgt.ts";
import { pairImages } from "../src/pair-images.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();

async function put(name: string, width: number, height: number, orientation = 1): Promise<void> {
  await mkdir(dirname(inFolder(name)), { recursive: true });
  const blank = { create: { width, height, channels: 3, background: "red" } } as const;
  await sharp(blank).withMetadata({ orientation }).toFile(inFolder(name));
}

describe("Pairing photos with labels", () => {
  it("gives records whose sizes are the photos', and a list that reads back the same", async () => {
    await put("images/train/b.jpg", 9, 5);
    await put("images/train/deep/a.png", 4, 7);
    await put("images/train/c.jpg", 9, 5, 6);
    for (const name of ["b", "deep/a", "c"]) await put(`labels/train/${name}.png`, 4, 4);
    let last: number[] = [];
    const records = await pairImages(inFolder("images/train"), inFolder("labels/train"), {
      onProgress: (...numbers) => {
        last = numbers;
      },
    });
    expect(last).toEqual([3, 3]);
    const record = (photo: string, label: string, width: number, height: number) => ({
      imagePath: inFolder(`images/train/${photo}`),
      labelPath: inFolder(`labels/train/${label}`),
      width,
      height,
    });
    expect(records).toEqual([
      record("b.jpg", "b.png", 9, 5),
      record("c.jpg", "c.png", 5, 9),
      record("deep/a.png", "deep/a.png", 4, 7),
    ]);
    await writeOdgt(inFolder("train.odgt"), records);
    expect(await readOdgt(inFolder("train.odgt"))).toEqual(records);
  });

  it("names a photo that has no label", async () => {
    await put("images/alone/x.jpg", 3, 3);
    await mkdir(inFolder("labels/alone"), { recursive: true });
    await expect(pairImages(inFolder("images/alone"), inFolder("labels/alone"))).rejects.toMatchObject({
      code: "not-found",
      data: { file: inFolder("labels/alone/x.png") },
      message: expect.stringContaining("x.jpg"),
    });
  });

  it("names a photo that is none", async () => {
    await mkdir(inFolder("images/text"), { recursive: true });
    await writeFile(inFolder("images/text/x.jpg"), "text");
    await writeFile(inFolder("images/text/x.png"), "text");
    await expect(pairImages(inFolder("images/text"), inFolder("images/text"))).rejects.toMatchObject({
      code: "not-an-image",
    });
  });
});

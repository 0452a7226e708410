import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { checkDataset } from "../src/check-dataset.ts";
import { describeLeftOut, type LeftOut } from "../src/list-images.ts";
import { type OdgtRecord, readOdgt, writeOdgt } from "../src/odgt.ts";
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

  it("keeps photos that cannot be read, for a check that lists them all", async () => {
    await put("torn/images/a.jpg", 3, 3);
    for (const name of ["a", "b"]) await put(`torn/labels/${name}.png`, 3, 3);
    await writeFile(inFolder("torn/images/b.jpg"), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]));
    const [images, labels] = [inFolder("torn/images"), inFolder("torn/labels")];
    await expect(pairImages(images, labels)).rejects.toMatchObject({ name: "DataError" });
    const records = await pairImages(images, labels, { keepUnreadable: true });
    expect(records.map(({ width, height }) => [width, height])).toEqual([
      [3, 3],
      [0, 0],
    ]);
    const { problems } = await checkDataset(records, { numClasses: 255 });
    expect(problems.map(({ data }) => data.file)).toContain(inFolder("torn/images/b.jpg"));
  });

  it("gives a label to the photo of its very name alone, and to none where several have it", async () => {
    const photos = ["cat.jpg", "cat_image.jpg", "leaf.jpg", "leaf_l.jpg"];
    for (const name of photos) await put(`twice/images/${name}`, 3, 3);
    for (const name of ["cat.png", "leaf_l.png"]) await put(`twice/labels/${name}`, 3, 3);
    const [images, labels] = [inFolder("twice/images"), inFolder("twice/labels")];
    const told: LeftOut[] = [];
    const records = await pairImages(images, labels, { onLeftOut: (leftOut) => told.push(...leftOut) });
    expect(records.map(({ imagePath }) => imagePath)).toEqual([
      inFolder("twice/images/cat.jpg"),
      inFolder("twice/images/leaf_l.jpg"),
    ]);
    expect(told).toEqual([
      {
        reason: "photos without a label",
        files: [inFolder("twice/images/cat_image.jpg"), inFolder("twice/images/leaf.jpg")],
      },
    ]);
    await expect(pairImages(images, labels)).rejects.toMatchObject({ code: "not-found" });
    await put("twice/images/cat.png", 3, 3);
    await expect(pairImages(images, labels, { onLeftOut: () => {} })).rejects.toMatchObject({
      code: "bad-list",
      message: expect.stringMatching(/one photo for the label .*cat\.png but received 3, cat\.jpg and/),
    });
  });

  it.each([
    ["a.JPG", "A.PNG"],
    ["s.jpg", "s.jpg.png"],
    ["b.jpeg", "b_mask.png"],
    ["c.jpg", "C-Label.png"],
    ["d.jpg", "d_gtFine_labelIds.png"],
    ["e_leftImg8bit.png", "e_gtFine_labelIds.png"],
    ["f_sat.jpg", "f_mask.png"],
    ["g.jpg", "g_L.png"],
    // The accent as one character and as two.
    ["h\u00e9.jpg", "he\u0301.png"],
    ["h.i.jpg", "h.i.png"],
  ])("finds for %s the label %s", async (photo, label) => {
    const folder = `names/${photo}`;
    await put(`${folder}/images/x/${photo}`, 3, 3);
    await put(`${folder}/labels/x/${label}`, 3, 3);
    const [record] = await pairImages(inFolder(`${folder}/images`), inFolder(`${folder}/labels`));
    expect(record!.labelPath).toBe(inFolder(`${folder}/labels/x/${label}`));
  });

  it("takes the very name before one with a suffix, and the suffix that is said", async () => {
    await put("said/images/a.jpg", 3, 3);
    for (const name of ["a", "a_mask", "a_coarse"]) await put(`said/labels/${name}.png`, 3, 3);
    const labelFor = async (labelSuffix?: string) =>
      (await pairImages(inFolder("said/images"), inFolder("said/labels"), { labelSuffix }))[0]!.labelPath;
    expect(await labelFor()).toBe(inFolder("said/labels/a.png"));
    expect(await labelFor("_COARSE")).toBe(inFolder("said/labels/a_coarse.png"));
    expect(await labelFor("_mask.png")).toBe(inFolder("said/labels/a_mask.png"));
    await expect(labelFor("_fine")).rejects.toThrow("labels there are called such as a.png");
  });

  it("refuses to choose among several", async () => {
    await put("several/images/a.jpg", 3, 3);
    for (const name of ["a_mask", "a_label"]) await put(`several/labels/${name}.png`, 3, 3);
    await expect(pairImages(inFolder("several/images"), inFolder("several/labels"))).rejects.toMatchObject({
      code: "bad-list",
      message: expect.stringContaining("a_label.png and a_mask.png"),
    });
  });

  it("tells photos from labels where both lie in one folder, or one within the other", async () => {
    for (const name of ["a.jpg", "a.png", "b.png", "b_mask.png", "c.jpg"]) await put(`one/${name}`, 3, 3);
    let told: LeftOut[] = [];
    const onLeftOut = (leftOut: LeftOut[]) => {
      told = leftOut;
    };
    const paths = (records: OdgtRecord[]) => records.map(({ imagePath, labelPath }) => [imagePath, labelPath]);
    const both = ["a.jpg", "a.png", "b.png", "b_mask.png"].map((name) => inFolder(`one/${name}`));
    expect(paths(await pairImages(inFolder("one"), inFolder("one"), { onLeftOut }))).toEqual([
      both.slice(0, 2),
      both.slice(2),
    ]);
    expect(told).toEqual([{ reason: "photos without a label", files: [inFolder("one/c.jpg")] }]);

    for (const name of ["a.jpg", "labels/a.png", "labels/b.png"]) await put(`within/${name}`, 3, 3);
    expect(paths(await pairImages(inFolder("within"), inFolder("within/labels"), { onLeftOut }))).toEqual([
      [inFolder("within/a.jpg"), inFolder("within/labels/a.png")],
    ]);
    expect(describeLeftOut(told)).toBe("Left out: labels without a photo (1: b.png).");
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

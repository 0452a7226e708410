import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import sharp from "sharp";
import { beforeEach, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { evaluationRecords } from "../../src/dataset/records.ts";
import { pictureNames } from "../../src/evaluate/save.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

async function photo(path: string): Promise<void> {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  const image = sharp({ create: { width: 8, height: 6, channels: 3, background: "teal" } });
  await image.toFile(join(folder, path));
}

const line = '{"fpath_img": "a.jpg", "fpath_segm": "a.png", "width": 8, "height": 6}\n';
const configured = (...pairs: string[]) => loadConfig({ pairs }).config;
const record = (root: string) => ({
  imagePath: join(folder, root, "a.jpg"),
  labelPath: join(folder, root, "a.png"),
  width: 8,
  height: 6,
});

it("finds the list's photos from DATASET.root_dataset", async () => {
  await photo("root/a.jpg");
  await photo("lists/a.jpg");
  writeFileSync(join(folder, "lists/val.odgt"), line);
  const config = configured(
    "DATASET.list_val",
    join(folder, "lists/val.odgt"),
    "DATASET.root_dataset",
    join(folder, "root"),
  );
  expect(await evaluationRecords(config, {})).toEqual([record("root")]);
});

it("finds them beside the list where they are not there", async () => {
  await photo("lists/a.jpg");
  writeFileSync(join(folder, "lists/val.odgt"), line);
  expect(await evaluationRecords(configured("DATASET.list_val", join(folder, "lists/val.odgt")), {})).toEqual([
    record("lists"),
  ]);
});

it("looks for photos that are nowhere under DATASET.root_dataset", async () => {
  writeFileSync(join(folder, "val.odgt"), line);
  const config = configured("DATASET.list_val", join(folder, "val.odgt"), "DATASET.root_dataset", join(folder, "root"));
  expect(await evaluationRecords(config, {})).toEqual([record("root")]);
});

it("pairs the photos of one folder with the labels of another", async () => {
  await photo("photos/sub/a.jpg");
  await photo("labels/sub/a.png");
  const [found] = await evaluationRecords(configured(), {
    images: join(folder, "photos"),
    labels: join(folder, "labels"),
  });
  expect(found).toMatchObject({
    imagePath: join(folder, "photos/sub/a.jpg"),
    labelPath: join(folder, "labels/sub/a.png"),
  });
});

it("finds labels by their ending, and tells in one line what it leaves out", async () => {
  for (const name of ["a.jpg", "b.jpg", "c.JPG"]) await photo(`photos/${name}`);
  for (const name of ["A_mask.png", "b_mine.png", "d.png"]) await photo(`labels/${name}`);
  const folders = { images: join(folder, "photos"), labels: join(folder, "labels") };
  const warnings: string[] = [];
  const warn = (line: string) => warnings.push(line);
  const found = await evaluationRecords(configured(), folders, { warn });
  expect(found.map(({ labelPath }) => labelPath)).toEqual([join(folder, "labels/A_mask.png")]);
  expect(warnings).toEqual([
    "Left out: photos without a label (2: b.jpg, c.JPG); labels without a photo (2: b_mine.png, d.png).",
  ]);
  const [mine] = await evaluationRecords(configured(), { ...folders, labelSuffix: "_mine" }, { warn });
  expect(mine!.labelPath).toBe(join(folder, "labels/b_mine.png"));
});

it("tells of a missing list, and of half a pair of folders", async () => {
  await expect(evaluationRecords(configured("DATASET.list_val", join(folder, "no.odgt")), {})).rejects.toMatchObject({
    code: "missing",
    data: { key: "DATASET.list_val", file: join(folder, "no.odgt") },
  });
  await expect(evaluationRecords(configured(), { images: folder })).rejects.toMatchObject({
    code: "option",
    data: { option: "labels", received: "images" },
  });
  await expect(evaluationRecords(configured(), { labels: folder })).rejects.toMatchObject({
    code: "option",
    data: { option: "images", received: "labels" },
  });
});

it("names pictures after their photos, each differently, and none like the confusion matrix", () => {
  const records = ["x/a.jpg", "y/a.png", "z/a-2.jpg", "confusion.jpg"].map((imagePath) => ({
    ...record(""),
    imagePath,
  }));
  expect(pictureNames(records)).toEqual(["a", "a-2", "a-2-2", "confusion-2"]);
});

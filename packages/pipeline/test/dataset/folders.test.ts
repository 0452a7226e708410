import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { readOdgt } from "@seg/ade20k-data";
import { temporaryFolder, writeLabel } from "@seg/testing/node";
import sharp from "sharp";
import { beforeEach, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { divideFolders, hasOwnLists, withOwnLists, writeLists } from "../../src/dataset/folders.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  for (const name of ["photos", "labels"]) mkdirSync(join(folder, name));
});

async function photos(count: number): Promise<{ images: string; labels: string }> {
  for (let i = 0; i < count; i++) {
    const image = sharp({ create: { width: 8, height: 6, channels: 3, background: "teal" } });
    await image.toFile(join(folder, "photos", `${i}.png`));
    await writeLabel(join(folder, "labels", `${i}.png`), new Uint8Array(48).fill(1), 8);
  }
  return { images: join(folder, "photos"), labels: join(folder, "labels") };
}

const resolved = (set: Record<string, unknown> = {}) =>
  loadConfig({
    flags: Object.entries({ DIR: join(folder, "run"), ...set }).map(([key, value]) => ({
      ...{ key, value, origin: "here", explicit: true },
    })),
  });
const names = (records: readonly { imagePath: string }[]) => records.map(({ imagePath }) => basename(imagePath));

it("sets the wanted share aside, the same photos each time and others by another seed", async () => {
  const sources = { ...(await photos(20)), valSplit: 0.25 };
  const { train, val } = (await divideFolders(resolved(), sources))!;
  expect([train.length, val.length]).toEqual([15, 5]);
  expect(new Set(names([...train, ...val])).size).toBe(20);
  expect(await divideFolders(resolved(), sources)).toEqual({ train, val });
  const other = (await divideFolders(resolved({ "TRAIN.seed": 1 }), sources))!;
  expect(names(other.val)).not.toEqual(names(val));
});

it("divides the same folder alike wherever it lies, and moves no photo when one is taken away", async () => {
  const sources = { ...(await photos(20)), valSplit: 0.25 };
  const { train, val } = (await divideFolders(resolved(), sources))!;
  const elsewhere = { images: join(folder, "a"), labels: join(folder, "b"), valSplit: 0.25 };
  for (const [from, to] of [
    ["photos", "a"],
    ["labels", "b"],
  ] as const) {
    mkdirSync(join(folder, to));
    for (let i = 0; i < 20; i++) copyFileSync(join(folder, from, `${i}.png`), join(folder, to, `${i}.png`));
  }
  expect(names((await divideFolders(resolved(), elsewhere))!.val)).toEqual(names(val));
  rmSync(train[0]!.imagePath);
  expect(names((await divideFolders(resolved(), sources))!.val)).toEqual(names(val));
});

it("leaves at least a photo on either side, and all for training where nothing is said", async () => {
  const sources = await photos(3);
  expect((await divideFolders(resolved(), { ...sources, valSplit: 0.01 }))!.val).toHaveLength(1);
  expect((await divideFolders(resolved(), { ...sources, valSplit: 0.99 }))!.train).toHaveLength(1);
  expect((await divideFolders(resolved(), sources))!.train).toHaveLength(3);
  expect(await divideFolders(resolved(), {})).toBeUndefined();
});

it("takes two folders more for validation", async () => {
  const { images, labels } = await photos(2);
  const { train, val } = (await divideFolders(resolved(), { images, labels, valImages: images, valLabels: labels }))!;
  expect(val).toEqual(train);
});

it("writes lists into DIR that read back the same, and names them in the configuration", async () => {
  const divided = (await divideFolders(resolved(), { ...(await photos(5)), valSplit: 0.2 }))!;
  const config = withOwnLists(resolved(), true);
  expect(hasOwnLists(config)).toBe(false);
  await writeLists(config, divided);
  expect(hasOwnLists(config)).toBe(true);
  expect(await readOdgt(config.DATASET.list_train, { root: config.DATASET.root_dataset })).toEqual(divided.train);
  expect(await readOdgt(config.DATASET.list_val, { root: config.DATASET.root_dataset })).toEqual(divided.val);
});

it("keeps a list for validation that is named beside the folders", () => {
  const named = resolved({ "DATASET.list_val": "val.odgt" });
  expect(withOwnLists(named, false).DATASET).toMatchObject({ list_val: "val.odgt", root_dataset: "./data/" });
  expect(withOwnLists(named, true).DATASET.list_val).toBe(join(folder, "run", "list_val.odgt"));
});

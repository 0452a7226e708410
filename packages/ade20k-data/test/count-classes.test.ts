import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { ADE20K_CLASSES } from "../src/ade20k-classes.ts";
import { countClasses } from "../src/count-classes.ts";
import { writeLabelPng } from "../src/write-image.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();

async function recordOf(name: string, labels: number[]) {
  const [width, height] = [labels.length / 2, 2];
  await writeLabelPng(inFolder(name), { labels: Int16Array.from(labels), width, height }, ADE20K_CLASSES);
  return { imagePath: inFolder("none.jpg"), labelPath: inFolder(name), width, height };
}

it("Each class's pixels are counted in each label, without those that are unlabelled", async () => {
  const records = [await recordOf("a.png", [0, 0, 2, -1, -1, 2, 2, 0]), await recordOf("b.png", [1, 1, -1, 1])];
  const told: number[][] = [];
  const counts = await countClasses(records, { numClasses: 4, onProgress: (...of) => told.push(of) });
  expect(counts.map((own) => [...own])).toEqual([
    [3, 0, 3, 0],
    [0, 3, 0, 0],
  ]);
  expect(told).toEqual([
    [1, 2],
    [2, 2],
  ]);
});

it("Counting names a label that is broken, and stops by a signal", async () => {
  const record = await recordOf("c.png", [3, 3]);
  await expect(countClasses([record], { numClasses: 3 })).rejects.toMatchObject({
    code: "bad-label",
    data: { file: inFolder("c.png"), value: 4 },
  });
  await writeFile(inFolder("d.png"), "no label");
  await expect(
    countClasses([{ ...record, labelPath: inFolder("d.png") }], { numClasses: 3, signal: AbortSignal.abort("enough") }),
  ).rejects.toBe("enough");
});

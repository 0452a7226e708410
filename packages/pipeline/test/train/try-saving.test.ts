import { readdirSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { trySaving, warningOfLater } from "../../src/train/try-saving.ts";

const begin = { epoch: 0, iteration: 0 };

/** Tries a folder with checkpoints of a share of the free space; gives what was warned of. */
async function trying(share: number, set: string[] = []) {
  const folder = temporaryFolder();
  const { bavail, bsize } = await statfs(folder);
  const { config } = loadConfig({ set: [`DIR=${folder}`, ...set] });
  const warnings: string[] = [];
  await trySaving(config, begin, Math.floor(bavail * bsize * share), (line) => warnings.push(line));
  expect(readdirSync(folder)).toEqual([]);
  return warnings;
}

it("A folder without room for one checkpoint is refused before anything is trained", async () => {
  await expect(trying(1.5)).rejects.toMatchObject({ code: "failed", data: { needed: expect.any(Number) } });
});

it("One without room for all that are coming is told of", async () => {
  expect(await trying(0.001)).toEqual([]);
  expect(await trying(0.2, ["TRAIN.keep=2"])).toEqual([]);
  expect((await trying(0.2)).join()).toMatch(
    /has room for [45] more checkpoints of \d+ MB, and 20 are coming: .*TRAIN\.keep/,
  );
  expect((await trying(0.2, ["TRAIN.keep=9"])).join()).toMatch(/and 10 are coming/);
});

it("What is told of a disk that is nearly full can be followed", () => {
  const later = (of: { keep: number; there: number; free: number }) =>
    warningOfLater({ folder: "ckpt", epochs: 20, bytes: 1e6, ...of });
  expect(later({ keep: 0, there: 0, free: 1.5e6 })).toBe(
    "ckpt has room for 1 more checkpoint of 1 MB, and 20 are coming: make room there: even TRAIN.keep 1 needs room for two checkpoints of 1 MB.",
  );
  expect(later({ keep: 5, there: 0, free: 2.5e6 })).toBe(
    "ckpt has room for 2 more checkpoints of 1 MB, and 6 are coming: make room there, or set TRAIN.keep to 1, which needs room for 2.",
  );
  // What it tells is enough.
  expect(later({ keep: 4, there: 3, free: 1.5e6 })).toMatch(/set TRAIN\.keep to 3 or less/);
  expect(later({ keep: 3, there: 3, free: 1.5e6 })).toBeUndefined();
});

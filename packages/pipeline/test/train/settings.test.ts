import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { changedSettings, courseSettings } from "../../src/train/settings.ts";

const settingsOf = (...set: string[]) => {
  const list = join(temporaryFolder({ "train.odgt": "{}\n" }), "train.odgt");
  return courseSettings(loadConfig({ set: [`DATASET.list_train=${list}`, ...set] }).config);
};

/** What version 0 knew of. */
const OLD = /^(DATASET\.(list_train|num_class|imgSizes|random_flip)|MODEL\..*|TRAIN\.(optim|seed|batch_size_per_gpu))$/;

it("A key that a checkpoint knows nothing of was at its default", async () => {
  const before = Object.fromEntries(Object.entries(await settingsOf()).filter(([key]) => OLD.test(key)));
  const rest = { "DATASET.imgMaxSize": 1000, "DATASET.padding_constant": 8, "DATASET.segm_downsampling_rate": 8 };
  expect(changedSettings({ ...before, ...rest }, await settingsOf())).toEqual([]);
  expect(changedSettings({ ...before, ...rest }, await settingsOf("DATASET.crop_size=32"))).toEqual([
    "DATASET.crop_size was [0,0] and is [32,32]",
  ]);
});

it("A key that does nothing is no part of a training's course", async () => {
  const off = ["DATASET.blur_sigma=1", "DATASET.rare_class_min_pixels=9"];
  expect(changedSettings(await settingsOf(), await settingsOf(...off))).toEqual([]);
  const before = await settingsOf("DATASET.blur_prob=0.5", "DATASET.crop_size=32", "DATASET.cat_max_ratio=0.75");
  expect(changedSettings(before, await settingsOf("DATASET.blur_prob=0.5", "DATASET.blur_sigma=1"))).toEqual([
    "DATASET.crop_size was [32,32] and is [0,0]",
    "DATASET.blur_sigma was [0.1,2] and is [1,1]",
  ]);
});

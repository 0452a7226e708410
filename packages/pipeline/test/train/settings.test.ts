import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { changedSettings, courseSettings } from "../../src/train/settings.ts";

async function settingsOf(set: Record<string, unknown> = {}, classWeights?: number[]) {
  const list = join(temporaryFolder({ "train.odgt": "{}\n" }), "train.odgt");
  const flags = Object.entries({ "DATASET.list_train": list, "DATASET.num_class": 2, ...set });
  const { config } = loadConfig({ flags: flags.map(([key, value]) => ({ key, value, origin: "" })) });
  return courseSettings(config, classWeights);
}

describe("The settings of a training's course", () => {
  it("have not changed since a checkpoint that did not know the keys of losses, where these are as they are by default", async () => {
    const now = await settingsOf();
    const { "TRAIN.loss": _, "TRAIN.class_weights": __, ...before } = now;
    expect(changedSettings(before, now)).toEqual([]);
    expect(changedSettings(before, await settingsOf({ "TRAIN.loss": "dice+ce" }))).toEqual([
      'TRAIN.loss was "ce" and is "dice + ce"',
    ]);
  });

  it("hold what belongs to a loss only where it is one of the sum", async () => {
    const keys = ["TRAIN.ohem_threshold", "TRAIN.ohem_min_kept", "TRAIN.focal_gamma", "TRAIN.effective_beta"];
    expect(Object.keys(await settingsOf())).not.toEqual(expect.arrayContaining([expect.toBeOneOf(keys)]));
    expect(Object.keys(await settingsOf({ "TRAIN.loss": "ohem" }))).toEqual(expect.arrayContaining(keys.slice(0, 2)));
    const focal = await settingsOf({ "TRAIN.loss": "focal", "TRAIN.class_weights": "effective" }, [1, 1]);
    expect(Object.keys(focal)).toEqual(expect.arrayContaining(keys.slice(2)));
    expect(focal["TRAIN.class_weights"]).toBe("effective");
    const other = await settingsOf({
      "TRAIN.loss": "focal",
      "TRAIN.focal_gamma": 3,
      "TRAIN.class_weights": "effective",
    });
    expect(changedSettings(focal, other)).toEqual(["TRAIN.focal_gamma was 2 and is 3"]);
  });

  it("hold what a file of class weights says, not its path", async () => {
    const [before, now] = [
      await settingsOf({ "TRAIN.class_weights": "a.txt" }, [1, 2]),
      await settingsOf({ "TRAIN.class_weights": [1, 2] }, [1, 2]),
    ];
    expect(changedSettings(before, now)).toEqual([]);
  });

  it("hold what is done at random to photos only where it is switched on, and were at their defaults before they were known", async () => {
    const crop = { "DATASET.crop_size": 32, "DATASET.cat_max_ratio": 0.75 };
    const off = { "DATASET.blur_sigma": 1, "DATASET.rare_class_min_pixels": 9 };
    expect(changedSettings(await settingsOf(), await settingsOf(off))).toEqual([]);
    const { "DATASET.crop_size": _, ...before } = await settingsOf();
    expect(changedSettings(before, await settingsOf())).toEqual([]);
    expect(changedSettings(before, await settingsOf(crop))).toEqual([
      "DATASET.crop_size was [0,0] and is [32,32]",
      "DATASET.cat_max_ratio was 1 and is 0.75",
    ]);
    const blurred = await settingsOf({ ...crop, "DATASET.blur_prob": 0.5 });
    expect(changedSettings(blurred, await settingsOf({ "DATASET.blur_prob": 0.5, "DATASET.blur_sigma": 1 }))).toEqual([
      "DATASET.crop_size was [32,32] and is [0,0]",
      "DATASET.blur_sigma was [0.1,2] and is [1,1]",
    ]);
  });
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { configToYaml } from "../../src/config/print.ts";
import { labelConvention } from "../../src/dataset/label-convention.ts";
import { changedSettings, courseSettings } from "../../src/train/settings.ts";

const configured = (...pairs: string[]) => loadConfig({ pairs }).config;

it("makes a convention of DATASET.label_map and DATASET.ignore_label, however values are written", async () => {
  for (const [text, values] of [
    ["255", [255]],
    ["-1", [-1]],
    ["0,255", [0, 255]],
    ["(0, 255)", [0, 255]],
    ["[0, 255]", [0, 255]],
    ["", []],
  ] as const) {
    expect(configured("DATASET.ignore_label", text).DATASET.ignore_label, text).toEqual(values);
  }
  const convention = await labelConvention(configured("DATASET.label_map", "zero-based", "DATASET.ignore_label", "7"));
  expect(convention.values).toMatchObject({ 0: 1, 6: 7, 7: 0, 255: 0 });
});

it("says which key is wrong", async () => {
  const failed = (...pairs: string[]) => labelConvention(configured(...pairs)).catch((error) => error);
  expect(await failed("DATASET.label_map", "voc")).toMatchObject({
    ...{ name: "PipelineError", code: "config", data: { key: "DATASET.num_class" } },
    message: expect.stringContaining("--num-class 21"),
  });
  for (const value of ["256", "-2", "void", "1.5"]) {
    expect(() => configured("DATASET.ignore_label", value)).toThrow(/DATASET\.ignore_label/);
  }
});

it("prints values to ignore so that they are read back", () => {
  const yaml = configToYaml(configured("DATASET.ignore_label", "0,255"));
  expect(yaml).toContain("ignore_label: [0, 255]");
});

it("notices that labels mean something else when a training goes on, but not where an earlier version did not say it", async () => {
  const folder = temporaryFolder();
  const list = join(folder, "train.odgt");
  const map = join(folder, "map.json");
  writeFileSync(list, "{}\n");
  writeFileSync(map, '{"0": 1}');
  const settings = (...pairs: string[]) => courseSettings(configured("DATASET.list_train", list, ...pairs));
  const { "DATASET.label_map": _, "DATASET.ignore_label": __, ...earlier } = await settings();
  expect(changedSettings(earlier, await settings())).toEqual([]);
  const before = await settings("DATASET.label_map", map);
  expect(changedSettings(await settings(), before)).toEqual([
    expect.stringContaining("DATASET.label_map, was changed"),
  ]);
  expect(changedSettings(before, await settings("DATASET.label_map", map))).toEqual([]);
  writeFileSync(map, '{"0": 2}');
  expect(changedSettings(before, await settings("DATASET.label_map", map))).toHaveLength(1);
  const ignoring = await settings("DATASET.ignore_label", "255");
  expect(changedSettings(earlier, ignoring)).toEqual(["DATASET.ignore_label was [] and is [255]"]);
});

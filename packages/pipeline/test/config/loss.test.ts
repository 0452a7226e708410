import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { configToYaml } from "../../src/config/print.ts";
import { readYamlText } from "./read-yaml-text.ts";

const train = (...pairs: string[]) => loadConfig({ pairs: ["DATASET.num_class", "3", ...pairs] }).config.TRAIN;

describe("TRAIN.loss", () => {
  it.each([
    ["ce", "ce"],
    ["CE + 0.5 Dice", "ce + 0.5 dice"],
    ["ce+0.5*dice+.25 * lovasz", "ce + 0.5 dice + 0.25 lovasz"],
    ["1 ohem + 2e-1focal", "ohem + 0.2 focal"],
    ["1e+1 lovasz", "10 lovasz"],
  ])("%s is the sum %s", (given, sum) => {
    expect(train("TRAIN.loss", given).loss).toBe(sum);
  });

  it.each(["", "cross", "ce +", "ce + ce", "0 dice", "-1 dice", "ce - dice", "ce dice", "dice * 2", "1e400 ce", "3"])(
    "refuses %j and says what there is",
    (given) => {
      expect(() => train("TRAIN.loss", given)).toThrow(
        expect.objectContaining({
          code: "config",
          message: expect.stringMatching(/ce, ohem, focal, dice, lovasz.* for TRAIN\.loss .*default is "ce"/),
        }),
      );
    },
  );
});

describe("TRAIN.class_weights", () => {
  it.each<[string, string | number[]]>([
    ["auto", "median"],
    ["Inverse", "inverse"],
    ["effective", "effective"],
    ["(1, 2.5, 0)", [1, 2.5, 0]],
    ["1,2,3", [1, 2, 3]],
    ["data/weights.json", "data/weights.json"],
  ])("%s is %j, and stays so when it is printed and read", (given, weights) => {
    const { config } = loadConfig({ pairs: ["DATASET.num_class", "3", "TRAIN.class_weights", given] });
    expect(config.TRAIN.class_weights).toEqual(weights);
    expect(readYamlText(configToYaml(config)).TRAIN.class_weights).toEqual(weights);
  });

  it.each([
    ["(1, -2, 1)", [], /numbers of at least 0/],
    ["(0, 0, 0)", [], /numbers of at least 0/],
    ["(1, two, 1)", [], /numbers of at least 0/],
    ["(1, 2)", [], /3 numbers in TRAIN.class_weights, one for each class \(DATASET.num_class\), but received 2/],
    ["auto", ["TRAIN.loss", "dice + lovasz"], /ce, ohem or focal in TRAIN.loss .* but received dice \+ lovasz/],
  ])("%s with %j is refused", (given, more, message) => {
    expect(() => train("TRAIN.class_weights", given, ...more)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringMatching(message) }),
    );
  });
});

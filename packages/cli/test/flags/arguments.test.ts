import { isConfigKey } from "@seg/pipeline/config";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { normalizeArguments } from "../../src/flags/arguments.ts";

const program = new Command("seg");
program
  .command("test")
  .option("--imgs <paths...>")
  .option("--sizes, --img-sizes <n...>")
  .option("--model-path <folder>")
  .option("--gpus <list>")
  .option("--json");
program.command("setup").option("--gpu");

const normalize = (line: string) => normalizeArguments(program, line.split(" "), isConfigKey).join(" ");

describe("flags", () => {
  it.each([
    ["test --model_path a", "test --model-path a"],
    ["test --model-path a", "test --model-path a"],
    ["test --model_path=a_b", "test --model-path=a_b"],
    ["test --imgSizes 300", "test --img-sizes 300"],
    ["test --imgSize 300", "test --img-sizes 300"],
    ["test --test_imgs a.jpg", "test --imgs a.jpg"],
    ["test --gpu 0", "test --gpus 0"],
    ["setup --gpu", "setup --gpu"],
    ["test --no_such", "test --no_such"],
    ["test -- --model_path", "test -- --model_path"],
  ])("%s means %s", (line, expected) => {
    expect(normalize(line)).toBe(expected);
  });
});

describe("pairs", () => {
  it.each([
    ["test --imgs a.jpg b.jpg DIR x TEST.result y", "test --imgs a.jpg b.jpg -- DIR x TEST.result y"],
    ["test --imgs a.jpg DIR x --json", "test --imgs a.jpg --json -- DIR x"],
    ["test --img_sizes 300 450 TRAIN.seed -1", "test --img-sizes 300 450 -- TRAIN.seed -1"],
    ["test --imgs a.jpg DATSET.num_class 3", "test --imgs a.jpg -- DATSET.num_class 3"],
    ["test --imgs a.jpg DIR", "test --imgs a.jpg -- DIR"],
    ["test --sizes 300 (300,375) a.jpg 2.png --json", "test --img-sizes 300 (300,375) --json -- a.jpg 2.png"],
    ["test --img_sizes 300 a.jpg DIR x", "test --img-sizes 300 -- a.jpg DIR x"],
  ])("move to the end: %s", (line, expected) => {
    expect(normalize(line)).toBe(expected);
  });

  it.each(["test --imgs TEST.jpg IMG.x", "test --imgs DIR", "test --model-path DIR", "test --imgs a TEST.d/b"])(
    "are not seen in %s",
    (line) => {
      expect(normalize(line)).toBe(line);
    },
  );
});

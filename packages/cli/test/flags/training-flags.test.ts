import { isConfigKey, loadConfig, type Setting } from "@seg/pipeline/config";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { normalizeArguments } from "../../src/flags/arguments.ts";
import { addConfigFlags, type ConfigOptions } from "../../src/flags/config-flags.ts";
import { configSources } from "../../src/flags/config-sources.ts";
import { addTrainingFlags, trainingSettings } from "../../src/flags/training-flags.ts";

/** The configuration that words after `seg train` make. */
function configOf(line: string) {
  const program = new Command("seg").exitOverride();
  let config: ReturnType<typeof loadConfig>["config"] | undefined;
  const command = addTrainingFlags(addConfigFlags(program.command("train [pairs...]"), { lists: true }))
    .option("--gpus <list>")
    .action((pairs: string[], options: ConfigOptions) => {
      const { flags = [] as Setting[], ...others } = configSources(options, pairs);
      config = loadConfig({ ...others, flags: [...flags, ...trainingSettings(options)] }).config;
    });
  command.exitOverride().configureOutput({ writeErr: () => {} });
  program.parse(normalizeArguments(program, ["train", ...line.split(" ")], isConfigKey), { from: "user" });
  return config!;
}

describe("the flags of the original's train.py of 2018", () => {
  it("set the keys of today, each of them", () => {
    const { DATASET, MODEL, TRAIN, DIR } = configOf(
      [
        "--id mine --ckpt ./runs --arch_encoder resnet18dilated --arch_decoder ppm_deepsup --fc_dim 512",
        "--weights_encoder e.pth --weights_decoder d.pth",
        "--list_train a.odgt --list_val b.odgt --root_dataset ./photos",
        "--gpus gpu0,gpu1 --batch_size_per_gpu 3 --num_epoch 7 --start_epoch 4 --epoch_iters 50 --optim SGD",
        "--lr_encoder 1e-2 --lr_decoder 3e-2 --lr_pow 0.5 --beta1 0.8 --weight_decay 1e-3 --deep_sup_scale 0.3 --fix_bn 1",
        "--num_class 11 --workers 5 --imgSize 300 375 450 --imgMaxSize 900 --padding_constant 8 --segm_downsampling_rate 8",
        "--random_flip False --seed 12 --disp_iter 9",
      ].join(" "),
    );
    expect(DATASET).toMatchObject({
      ...{ list_train: "a.odgt", list_val: "b.odgt", root_dataset: "./photos", num_class: 11 },
      ...{ imgSizes: [300, 375, 450], imgMaxSize: 900, padding_constant: 8, segm_downsampling_rate: 8 },
      random_flip: false,
    });
    expect(MODEL).toMatchObject({
      ...{ arch_encoder: "resnet18dilated", arch_decoder: "ppm_deepsup", fc_dim: 512 },
      ...{ weights_encoder: "e.pth", weights_decoder: "d.pth" },
    });
    // The epochs of 2018 are counted from 1, those of today are the ones that are done.
    expect(TRAIN).toMatchObject({
      ...{ batch_size_per_gpu: 3, num_epoch: 7, start_epoch: 3, epoch_iters: 50, optim: "SGD" },
      ...{ lr_encoder: 0.01, lr_decoder: 0.03, lr_pow: 0.5, beta1: 0.8, weight_decay: 0.001 },
      ...{ deep_sup_scale: 0.3, fix_bn: true, workers: 5, seed: 12, disp_iter: 9 },
    });
    expect(DIR).toMatch(/^runs[/\\]mine$/);
  });

  it.each([
    ["--fix_bn", "fix_bn", true],
    ["--fix_bn 0", "fix_bn", false],
    ["--fix-bn --seed 3", "fix_bn", true],
    ["--fix_bn TRAIN.seed 3", "seed", 3],
    ["--start_epoch 1", "start_epoch", 0],
    ["--epochs 4", "num_epoch", 4],
    ["--batch-size 4", "batch_size_per_gpu", 4],
    ["--num-epoch=5", "num_epoch", 5],
  ] as const)("%s", (line, key, value) => {
    expect(configOf(line).TRAIN[key]).toBe(value);
  });

  it("take --ckpt alone as the place of the configuration's own folder, unless DIR says otherwise", () => {
    const named = (line: string) => configOf(line).DIR.replaceAll("\\", "/");
    expect(named("--ckpt runs --arch_encoder resnet18dilated")).toBe("runs/ade20k-resnet18dilated-ppm_deepsup");
    expect(named("--ckpt runs DIR ckpt/mine")).toBe("ckpt/mine");
    expect(named("--seed 1")).toBe("ckpt/ade20k-resnet50dilated-ppm_deepsup");
  });

  it("refuse an epoch before the first", () => {
    expect(() => configOf("--start_epoch 0")).toThrow(/an epoch of at least 1 for --start-epoch/);
  });
});

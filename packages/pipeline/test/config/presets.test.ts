import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { configFile, presetNames } from "../../src/config/presets.ts";

// The original's results table: fc_dim, padding_constant, segm_downsampling_rate, batch, epochs, epoch of the published weights.
const TABLE: Record<string, [number, number, number, number, number, number]> = {
  "hrnetv2-c1": [720, 32, 4, 2, 30, 30],
  "mobilenetv2dilated-c1_deepsup": [320, 8, 8, 3, 20, 20],
  "mobilenetv2dilated-ppm_deepsup": [320, 8, 8, 2, 20, 20],
  "resnet101-upernet": [2048, 32, 4, 2, 40, 50],
  "resnet101dilated-ppm_deepsup": [2048, 8, 8, 2, 25, 25],
  "resnet18dilated-c1_deepsup": [512, 8, 8, 2, 20, 20],
  "resnet18dilated-ppm_deepsup": [512, 8, 8, 2, 20, 20],
  "resnet50-upernet": [2048, 32, 4, 2, 30, 30],
  "resnet50dilated-ppm_deepsup": [2048, 8, 8, 2, 20, 20],
  "resnext101-upernet": [2048, 32, 4, 2, 40, 40],
};

it("has one preset for each row of the table", () => {
  expect(presetNames()).toEqual(Object.keys(TABLE));
});

it.each(Object.entries(TABLE))("%s is as in the table", (name, [fcDim, padding, rate, batch, epochs, published]) => {
  const { DATASET, MODEL, TRAIN, VAL, TEST, DIR } = loadConfig({ cfg: name }).config;
  expect(`${MODEL.arch_encoder}-${MODEL.arch_decoder}`).toBe(name);
  expect([MODEL.fc_dim, DATASET.padding_constant, DATASET.segm_downsampling_rate]).toEqual([fcDim, padding, rate]);
  expect([TRAIN.batch_size_per_gpu, TRAIN.num_epoch, TRAIN.epoch_iters]).toEqual([batch, epochs, 5000]);
  expect([TRAIN.lr_encoder, TRAIN.lr_decoder, TRAIN.lr_pow, TRAIN.beta1]).toEqual([0.02, 0.02, 0.9, 0.9]);
  expect([TRAIN.weight_decay, TRAIN.deep_sup_scale]).toEqual([1e-4, 0.4]);
  expect([TRAIN.workers, TRAIN.disp_iter, TRAIN.seed]).toEqual([16, 20, 304]);
  expect(DATASET).toMatchObject({ num_class: 150, imgSizes: [300, 375, 450, 525, 600], imgMaxSize: 1000 });
  expect([TEST.checkpoint, VAL.checkpoint]).toEqual([`epoch_${published}.pth`, `epoch_${published}.pth`]);
  expect(DIR).toBe(`ckpt/ade20k-${name}`);
});

it.each(presetNames())("%s says all of it itself, so that it can be copied and edited", (name) => {
  const { DATASET, MODEL, TRAIN } = parse(readFileSync(configFile(name), "utf8"));
  expect(Object.keys(DATASET)).toHaveLength(9);
  expect(Object.keys(MODEL)).toEqual(["arch_encoder", "arch_decoder", "fc_dim"]);
  expect(Object.keys(TRAIN)).toHaveLength(15);
});

it.each(["resnet50-upernet", "resnet50-upernet.yaml", "config/ade20k-resnet50-upernet.yaml"])(
  "finds a preset by %s",
  (cfg) => {
    expect(configFile(cfg)).toMatch(/config\/resnet50-upernet\.yaml$/);
  },
);

it("takes what is left out from the preset of the architecture", () => {
  const flags = [
    { key: "MODEL.arch_encoder", value: "resnet101", origin: "--arch-encoder" },
    { key: "MODEL.arch_decoder", value: "upernet", origin: "--arch-decoder" },
  ];
  const { DATASET, TRAIN, TEST, DIR } = loadConfig({ flags }).config;
  expect([DATASET.padding_constant, TRAIN.num_epoch, TEST.checkpoint]).toEqual([32, 40, "epoch_50.pth"]);
  expect(DIR).toBe("ckpt/ade20k-resnet101-upernet");
});

import { loadWithoutTensorFlow } from "@seg/testing/node";
import { expect, it } from "vitest";
import { architectureSettings } from "../../src/config/architectures.ts";

it("needs no TensorFlow.js", async () => {
  await loadWithoutTensorFlow(new URL("../../src/config/index.ts", import.meta.url));
});

it("reads the settings of a pair off its features: HRNet's is finer than its branches, UPerNet's logits than the last feature", () => {
  expect(architectureSettings("hrnetv2", "c1")).toEqual({
    "MODEL.fc_dim": 720,
    "DATASET.padding_constant": 32,
    "DATASET.segm_downsampling_rate": 4,
    DIR: "ckpt/ade20k-hrnetv2-c1",
  });
  expect(architectureSettings("resnet50dilated", "upernet")).toMatchObject({
    "DATASET.padding_constant": 8,
    "DATASET.segm_downsampling_rate": 4,
  });
});

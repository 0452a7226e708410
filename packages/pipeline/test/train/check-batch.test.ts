import { startEngine } from "@seg/backend";
import { DECODER_NAMES } from "@seg/decoders/requirements";
import { buildSegmentationModel, halvesOf } from "@seg/segmenter";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { checkBatch } from "../../src/train/check-batch.ts";

const configOf = (decoder: string, ...pairs: string[]) =>
  loadConfig({ pairs: ["MODEL.arch_encoder", "resnet18", "MODEL.arch_decoder", decoder, ...pairs] }).config;

it.each(DECODER_NAMES)(
  "a batch of one photo is refused for %s just where the network pools whole images",
  async (name) => {
    await startEngine("cpu");
    const model = buildSegmentationModel({ encoder: "resnet18", decoder: name, numClasses: 2, weights: "zeros" });
    const pools = halvesOf(model).decoder.layers.some((layer) => String(layer.getConfig().bins) === "1,1");
    model.dispose();
    const check = () => checkBatch(configOf(name, "TRAIN.batch_size_per_gpu", "1"), 1);
    if (!pools) return expect(check).not.toThrow();
    expect(check).toThrow(
      /at least 2 photos .*: set TRAIN\.batch_size_per_gpu to 2, train on 2 --replicas, .* or set TRAIN\.fix_bn to True\./,
    );
  },
);

it("is fine with more photos, more replicas, or batch norm that is not trained", () => {
  for (const [replicas, ...pairs] of [
    [1, "TRAIN.batch_size_per_gpu", "2"],
    [2, "TRAIN.batch_size_per_gpu", "1"],
    [1, "TRAIN.batch_size_per_gpu", "1", "TRAIN.fix_bn", "True"],
  ] as const) {
    expect(() => checkBatch(configOf("ppm_deepsup", ...pairs), replicas)).not.toThrow();
  }
});

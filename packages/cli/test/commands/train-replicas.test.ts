import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TinyDataset, temporaryFolder, tinyDataset, trainWords } from "@seg/testing/node";
import { beforeEach, describe, expect, it } from "vitest";
import { segProcess } from "../mpirun.ts";

describe("seg train on several replicas", () => {
  let folder: string;
  let data: TinyDataset;
  beforeEach(async () => {
    folder = temporaryFolder();
    data = await tinyDataset(folder);
  });
  const seg = (dir: string, flags: string[], set: Record<string, unknown> = {}) =>
    segProcess(trainWords(data.list, join(folder, dir), flags, set));
  const weights = (dir: string) =>
    ["encoder", "decoder"].map((part) => readFileSync(join(folder, dir, `${part}_epoch_2.pth`)).toString("base64"));

  it("speaks with one voice, leaves one set of checkpoints, and goes on with another number of them", () => {
    const short = { "TRAIN.epoch_iters": 2 };
    const two = seg("two", ["--replicas", "2"], { ...short, "TRAIN.num_epoch": 1 });
    expect(two).toMatchObject({ code: 0 });
    expect(two.stdout.trim().split("\n")).toHaveLength(2);
    expect(two.stderr.match(/Saved encoder_epoch_1\.pth/g)).toHaveLength(1);
    const resumed = seg("two", ["--resume"], short);
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.stderr).toContain("replicas was 2 and is 1");
    expect(resumed.stdout).toMatch(/^Epoch: \[2\]\[0\/2\]/);
    expect(weights("two")).toHaveLength(2);
  });

  it("averages weights, and ends all replicas early together", async () => {
    const val = await tinyDataset(folder, { name: "val", photos: 1 });
    const set = {
      ...{ "TRAIN.num_epoch": 9, "TRAIN.epoch_iters": 1, "TRAIN.lr_encoder": 0, "TRAIN.lr_decoder": 0 },
      ...{ "TRAIN.fix_bn": true, "TRAIN.eval_every": 1, "TRAIN.early_stop": 1, "DATASET.list_val": val.list },
      ...{ "TRAIN.ema_decay": 0.9, "DATASET.crop_size": 16, "DATASET.rare_class_temp": 0.1 },
    };
    const { code, stderr } = seg("early", ["--replicas", "2"], set);
    expect(code, stderr).toBe(0);
    expect(stderr.match(/Ending after epoch 2: the last evaluation was no better/g)).toHaveLength(1);
    expect(stderr).toContain("Training is done.");
    expect(weights("early")).toHaveLength(2);
  });

  it("ends with the broken photo's own error after saving what was learned", () => {
    // The threads of each replica share the photos: one of the two comes upon it first.
    const bytes = readFileSync(data.images[1]!);
    writeFileSync(data.images[1]!, bytes.subarray(0, bytes.length / 2));
    const { code, stderr } = seg("broken", ["--replicas", "2"], { "TRAIN.epoch_iters": 9 });
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toMatch(/^error: .*train-1\.png/);
  });

  it("wants mpirun where --distributed names it", () => {
    const { code, stderr } = seg("none", ["--distributed", "mpi"]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      "error: Expected mpirun or srun to have started this for --distributed mpi but neither did: mpirun -np 4 seg train …\n",
    );
  });
});

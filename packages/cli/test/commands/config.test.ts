import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { runSeg } from "../run-seg.ts";

it("prints what --cfg reads back", async () => {
  const first = await runSeg(["config", "--cfg", "hrnetv2-c1", "--num_class", "11", "TRAIN.lr_encoder", "1e-3"]);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(parse(first.stdout)).toMatchObject({
    DATASET: { num_class: 11 },
    TRAIN: { lr_encoder: 0.001 },
    MODEL: { fc_dim: 720 },
  });
  const file = join(temporaryFolder({ "a.yaml": first.stdout }), "a.yaml");
  expect((await runSeg(["config", "--cfg", file])).stdout).toBe(first.stdout);
});

it("takes a trained folder's own configuration where none is named, and flags over it", async () => {
  const folder = temporaryFolder({
    "config.yaml": "DATASET:\n  num_class: 7\nTRAIN:\n  seed: 5\nDIR: ckpt/elsewhere\n",
  });
  const printed = async (...words: string[]) => JSON.parse((await runSeg(["config", "--json", ...words])).stdout);
  const [ckpt, id] = [dirname(folder), basename(folder)];
  const own = await printed("--ckpt", ckpt, "--id", id, "TRAIN.seed", "6");
  expect(own).toMatchObject({ DIR: folder, DATASET: { num_class: 7 }, TRAIN: { seed: 6 } });
  const named = await printed("--ckpt", ckpt, "--id", id, "--cfg", "hrnetv2-c1");
  expect(named).toMatchObject({ DIR: folder, DATASET: { num_class: 150 } });
});

it("prints one JSON object with --json", async () => {
  const { code, stdout } = await runSeg(["config", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ DIR: "ckpt/ade20k-resnet50dilated-ppm_deepsup" });
});

it("lists the presets with --list", async () => {
  const { code, stdout } = await runSeg(["config", "--list"]);
  expect(code).toBe(0);
  expect(stdout.split("\n")).toHaveLength(12);
  expect(stdout).toMatch(/^resnet50-upernet +2048 +32 +4 +2 +30 +epoch_30\.pth$/m);
  expect(JSON.parse((await runSeg(["config", "--list", "--json"])).stdout)).toContain("hrnetv2-c1");
});

it("understands the flags of 2018", async () => {
  const { stdout } = await runSeg(
    `config --model_path ckpt/mine --suffix _epoch_7.pth --arch_encoder resnet50 --arch_decoder upernet --fc_dim 2048
     --padding_constant 32 --segm_downsampling_rate 4 --num_class 12 --imgSize 300 400 --imgMaxSize 900 --result out --visualize --json`.split(
      /\s+/,
    ),
  );
  expect(JSON.parse(stdout)).toMatchObject({
    DIR: "ckpt/mine",
    DATASET: { num_class: 12, imgSizes: [300, 400], imgMaxSize: 900, padding_constant: 32, segm_downsampling_rate: 4 },
    MODEL: { arch_encoder: "resnet50", arch_decoder: "upernet", fc_dim: 2048 },
    VAL: { visualize: true, checkpoint: "epoch_7.pth" },
    TEST: { checkpoint: "epoch_7.pth", result: "out" },
  });
  const { stdout: byId } = await runSeg(["config", "--id", "mine", "--ckpt", "runs", "--json"]);
  expect(JSON.parse(byId).DIR).toBe("runs/mine");
});

it("takes --id that is written as a path for that folder, where --ckpt holds none of that name", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "mine"));
  const dir = async (ckpt: string) => {
    const { stdout } = await runSeg(["config", "--id", join(folder, "mine"), "--ckpt", ckpt, "--json"]);
    return JSON.parse(stdout).DIR;
  };
  expect(await dir("runs")).toBe(join(folder, "mine"));
  const runs = temporaryFolder();
  mkdirSync(join(runs, folder, "mine"), { recursive: true });
  expect(await dir(runs)).toBe(join(runs, folder, "mine"));
});

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { thrown } from "@seg/testing";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { classSet } from "../../src/dataset/classes.ts";
import { describeFolder } from "../../src/train/describe-folder.ts";

const say = () => {};

/** A folder as a training leaves it. */
async function trainedFolder() {
  const folder = temporaryFolder({ "names.json": '["dark; black", "bright"]' });
  const { config } = loadConfig({
    cfg: "mobilenetv2dilated-c1_deepsup",
    set: [`DIR=${folder}`, "DATASET.num_class=2", `DATASET.classes=${join(folder, "names.json")}`, "TRAIN.seed=7"],
  });
  await describeFolder(config, say);
  return { folder, config };
}

// As str(CfgNode) of the original's yacs prints it.
const THEIRS = `DATASET:
  imgMaxSize: 1000
  imgSizes: (300, 375)
  num_class: 11
  random_flip: True
  segm_downsampling_rate: 8
DIR: ckpt/theirs
MODEL:
  arch_decoder: c1_deepsup
  arch_encoder: resnet18dilated
  fc_dim: 512
  weights_decoder: 
  weights_encoder: 
TEST:
  checkpoint: epoch_7.pth
TRAIN:
  my_key: 1
  lr_encoder: 0.02`;

describe("A trained folder", () => {
  it("needs no other configuration, and flags win over its own", async () => {
    const { folder, config } = await trainedFolder();
    const resolved = loadConfig({ pairs: ["DIR", folder] });
    const classes = join(folder, "classes.json");
    const lasting = Object.fromEntries(
      (["root_dataset", "list_train", "list_val"] as const).map((name) => [name, resolve(config.DATASET[name])]),
    );
    expect(resolved.config).toEqual({ ...config, DATASET: { ...config.DATASET, ...lasting, classes } });
    expect(await classSet(resolved.config)).toEqual(await classSet(config));
    expect(loadConfig({ pairs: ["DIR", folder, "TRAIN.seed", "9"] }).config.TRAIN.seed).toBe(9);
    // What follows from the folder's networks does not hold for others.
    const { MODEL, DATASET } = loadConfig({
      pairs: ["DIR", folder, "MODEL.arch_encoder", "hrnetv2", "MODEL.arch_decoder", "c1"],
    }).config;
    expect([MODEL.fc_dim, DATASET.padding_constant]).toEqual([720, 32]);
  });

  it("may be moved, and its file is a configuration like any other", async () => {
    const { folder, config } = await trainedFolder();
    const moved = join(temporaryFolder(), "elsewhere");
    mkdirSync(moved);
    for (const file of ["config.yaml", "classes.json"]) cpSync(join(folder, file), join(moved, file));
    writeFileSync(join(moved, "classes.json"), '["a", "b"]');
    const here = loadConfig({ pairs: ["DIR", moved] }).config;
    expect([here.DIR, here.DATASET.classes]).toEqual([moved, join(moved, "classes.json")]);
    expect(loadConfig({ cfg: join(moved, "config.yaml") }).config).toMatchObject({ DIR: folder, MODEL: config.MODEL });
  });

  it("has its lists follow it, also one that an earlier version wrote, and those elsewhere stay what they are", async () => {
    const folder = temporaryFolder({ "list_train.odgt": "", "list_val.odgt": "" });
    const set = [
      `DIR=${relative(".", folder)}`,
      `DATASET.list_train=${folder}/list_train.odgt`,
      "DATASET.list_val=lists/val.odgt",
      `DATASET.root_dataset=${folder}/.`,
      "DATASET.label_map=mask",
      "DATASET.num_class=2",
    ];
    await describeFolder(loadConfig({ set }).config, say);
    const copied = join(temporaryFolder(), "copied");
    cpSync(folder, copied, { recursive: true });
    // What follows from another current directory is seen without changing this one.
    const told = readFileSync(join(copied, "config.yaml"), "utf8");
    expect(told).toContain(`list_val: ${resolve("lists/val.odgt")}\n`);
    const lists = { list_train: join(copied, "list_train.odgt"), root_dataset: copied, label_map: "mask" };
    expect(loadConfig({ pairs: ["DIR", copied] }).config.DATASET).toMatchObject(lists);
    writeFileSync(
      join(copied, "config.yaml"),
      `${told.split("\n")[0]}\nDATASET:\n  root_dataset: ckpt/mine\n  list_val: ckpt/mine/list_val.odgt\nDIR: ckpt/mine\n`,
    );
    const { DATASET } = loadConfig({ pairs: ["DIR", copied] }).config;
    expect(DATASET).toMatchObject({ list_val: join(copied, "list_val.odgt"), root_dataset: copied });
    expect(loadConfig({ cfg: join(copied, "config.yaml") }).config.DATASET.list_val).toBe(DATASET.list_val);
  });

  it("is not asked where a configuration is named, or where that is not wanted", async () => {
    const { folder } = await trainedFolder();
    const pairs = ["DIR", folder];
    expect(loadConfig({ cfg: "resnet50-upernet", pairs }).config.DATASET.num_class).toBe(150);
    expect(loadConfig({ pairs, fromFolder: false }).config.DATASET.num_class).toBe(150);
  });
});

describe("The config.yaml of another program", () => {
  it("counts where it is the original's, but for keys of its own", () => {
    const folder = temporaryFolder({ "config.yaml": THEIRS });
    const { config } = loadConfig({ pairs: ["DIR", folder] });
    expect(config).toMatchObject({
      DIR: folder,
      MODEL: { arch_encoder: "resnet18dilated", weights_encoder: "" },
      DATASET: { num_class: 11, imgSizes: [300, 375] },
      TEST: { checkpoint: "epoch_7.pth" },
    });
  });

  it("does not count where it is about something else", () => {
    const folder = temporaryFolder({ "config.yaml": "optimizer:\n  name: adam\nseed: 3\n" });
    expect(loadConfig({ pairs: ["DIR", folder] }).config).toEqual(
      loadConfig({ pairs: ["DIR", folder], fromFolder: false }).config,
    );
  });

  const onWindows = process.platform === "win32";
  it.each<[string, (file: string) => void, RegExp]>([
    ["no YAML", (file) => writeFileSync(file, "a: 1\nmodel: [\n"), /config\.yaml:\d but flow sequence/],
    ["a list", (file) => writeFileSync(file, "- a\n- b\n"), /config\.yaml:1 but it holds no keys and values/],
    ["no text", (file) => writeFileSync(file, new Uint8Array([0x61, 10, 0xff])), /line 2 is not UTF-8/],
    ["a folder", (file) => mkdirSync(file), /it is a folder/],
    ...(onWindows
      ? []
      : ([
          ["a pipe", (file) => void execFileSync("mkfifo", [file]), /it is a pipe/],
          ["a device", (file) => symlinkSync("/dev/zero", file), /it is a device/],
        ] as [string, (file: string) => void, RegExp][])),
  ])("that is %s is refused in a line that names it, unless another one is named", (_what, make, reason) => {
    const folder = temporaryFolder();
    make(join(folder, "config.yaml"));
    const pairs = ["DIR", folder];
    const error = thrown(() => loadConfig({ pairs }));
    expect(error).toMatchObject({ name: "PipelineError", code: "config", data: { file: join(folder, "config.yaml") } });
    expect(error).toMatchObject({ message: expect.stringMatching(reason) });
    expect(error).toMatchObject({ message: expect.stringContaining("name the configuration by --cfg") });
    expect(loadConfig({ cfg: "resnet50-upernet", pairs }).config.DATASET.num_class).toBe(150);
  });

  it("is renamed by a training, not overwritten", async () => {
    const folder = temporaryFolder({ "config.yaml": THEIRS });
    const lines: string[] = [];
    const { config } = loadConfig({ pairs: ["DIR", folder] });
    for (let i = 0; i < 2; i++) await describeFolder(config, (line) => lines.push(line));
    expect(lines).toEqual([`What was there before is now ${join(folder, "config.before.yaml")}.`]);
    expect(readFileSync(join(folder, "config.before.yaml"), "utf8")).toBe(THEIRS);
    expect(loadConfig({ pairs: ["DIR", folder] }).config.MODEL).toEqual(config.MODEL);
  });
});

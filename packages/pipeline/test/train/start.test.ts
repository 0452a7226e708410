import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { DEMO_MODEL, loadConfig } from "../../src/config/index.ts";
import { makeRoom, setAside } from "../../src/train/checkpoint-files.ts";
import { findStart, refuseDemoFolder } from "../../src/train/start.ts";

const pair = (name: string) => Object.fromEntries(["encoder", "decoder"].map((half) => [`${half}_${name}`, half]));

/** Where a training would begin in a folder of these files, and what it says. */
async function start(files: Record<string, string>, { resume = false, set = [] as string[] } = {}) {
  const folder = temporaryFolder(files);
  const lines: string[] = [];
  const { config } = loadConfig({ set: [`DIR=${folder}`, ...set] });
  const say = (line: string) => lines.push(line);
  const found = await findStart(config, { resume, log: say, warn: say });
  return { folder, lines, found };
}

describe("In a folder with networks from elsewhere", () => {
  it.each([
    ["epoch_1.pth", "epoch_1"],
    ["epoch_7.zip.pth", "epoch_7"],
    ["epoch_20.safetensors", "epoch_20"],
  ])("--resume goes on from %s with new momenta, and says so", async (file, name) => {
    const { folder, lines, found } = await start({ ...pair(file), ...pair("epoch_0.pth") }, { resume: true });
    expect(found).toEqual({
      position: { epoch: Number(name.slice(6)), iteration: 0 },
      files: { encoder: join(folder, `encoder_${file}`), decoder: join(folder, `decoder_${file}`) },
    });
    expect(lines).toEqual([`${name} in ${folder} has no trainer file: the optimizer begins anew.`]);
  });

  it.each([
    [
      "a pair",
      pair("epoch_1.pth"),
      /encoder_epoch_1\.pth and decoder_epoch_1\.pth from elsewhere: .*--resume.*set DIR/,
    ],
    ["a pair of today's format", pair("epoch_3.zip.pth"), /encoder_epoch_3\.zip\.pth.*--resume/],
    ["a pair of safetensors", pair("epoch_3.safetensors"), /encoder_epoch_3\.safetensors.*--resume/],
    [
      "half a pair",
      { "decoder_epoch_2.pth": "" },
      /holds decoder_epoch_2\.pth from elsewhere: move it elsewhere, or set DIR/,
    ],
    ["another's best network", pair("best.pth"), /encoder_best\.pth and decoder_best\.pth.*move them elsewhere/],
  ])("a training anew refuses %s, with the ways out", async (_what, files, message) => {
    const error = await start(files).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "config", data: { key: "DIR" } });
    expect(error.message).toMatch(message);
  });

  it("TRAIN.start_epoch takes any of the formats, and refuses to go on before later ones", async () => {
    const files = { ...pair("epoch_3.safetensors"), "encoder_epoch_5.pth": "" };
    const set = ["TRAIN.start_epoch=3"];
    await expect(start(files, { set })).rejects.toMatchObject({ code: "config", data: { checkpoint: "epoch_5" } });
    const { found, folder } = await start(pair("epoch_3.safetensors"), { set });
    expect(found?.files.decoder).toBe(join(folder, "decoder_epoch_3.safetensors"));
  });

  it.each([
    ["half a pair", { "encoder_epoch_2.pth": "" }, /put decoder_epoch_2\.pth beside it, or set DIR/],
    ["a pair that does not say its epoch", pair("last.pth"), /rename them to encoder_epoch_N\.pth.*--weights-encoder/],
  ])("--resume does not pass over %s", async (_what, files, message) => {
    await expect(start(files, { resume: true })).rejects.toThrow(message);
  });

  it("what the training begins with may lie there", async () => {
    const folder = temporaryFolder(pair("imagenet.pth"));
    const set = [`DIR=${folder}`, `MODEL.weights_encoder=${join(folder, "encoder_imagenet.pth")}`];
    const told = { log: () => {}, warn: () => {} };
    for (const resume of [true, false]) {
      expect(await findStart(loadConfig({ set }).config, { resume, ...told })).toBeUndefined();
    }
  });

  it("those of this package that lost their trainer file are gone on from too", async () => {
    const files = { ...pair("epoch_2.pth"), "history_epoch_2.json": "{}" };
    await expect(start(files)).rejects.toMatchObject({ code: "config", data: { checkpoint: "epoch_2" } });
    expect((await start(files, { resume: true })).found?.position).toEqual({ epoch: 2, iteration: 0 });
  });

  it("what a training that was killed left is not gone on from", async () => {
    const files = { ...pair("epoch_1.pth"), "trainer_epoch_1.safetensors": "" };
    expect((await start(files, { resume: true })).found).toBeUndefined();
  });

  it("the data set's own files are in nobody's way", async () => {
    const folder = temporaryFolder({ "training.odgt": "" });
    mkdirSync(join(folder, "ADEChallengeData2016"));
    const { config } = loadConfig({ set: [`DIR=${folder}`] });
    expect(await findStart(config, { resume: false, log: () => {}, warn: () => {} })).toBeUndefined();
  });
});

it("The bundled model's folder is not trained in", () => {
  expect(() => refuseDemoFolder(`${DEMO_MODEL.set.DIR}/.`)).toThrow(/a folder of your own/);
});

describe("Room for a checkpoint", () => {
  it("is made by renaming networks from elsewhere, each time to a new name", async () => {
    const folder = temporaryFolder(pair("epoch_1.pth"));
    const position = { epoch: 1, iteration: 0 };
    await makeRoom(folder, position);
    expect(readdirSync(folder).sort()).toEqual(["decoder_epoch_1.before.pth", "encoder_epoch_1.before.pth"]);
    const again = temporaryFolder({ ...pair("best.pth"), ...pair("best.before.pth") });
    await setAside(["encoder", "decoder"].map((half) => join(again, `${half}_best.pth`)));
    expect(readdirSync(again).sort()).toEqual(
      [
        "decoder_best.before-2.pth",
        "decoder_best.before.pth",
        "encoder_best.before-2.pth",
        "encoder_best.before.pth",
      ].sort(),
    );
  });

  it("is made by removing what this package wrote", async () => {
    const folder = temporaryFolder({
      ...pair("epoch_1.pth"),
      "history_epoch_1.json": "{}",
      "trainer_epoch_1.safetensors": "",
    });
    expect(await makeRoom(folder, { epoch: 1, iteration: 0 })).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

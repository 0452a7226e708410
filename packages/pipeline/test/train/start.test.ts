import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { writePth, writeSafetensors } from "@seg/checkpoint";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { DEMO_MODEL, loadConfig } from "../../src/config/index.ts";
import { markUnfinished, setAside } from "../../src/train/checkpoint-files.ts";
import { makeRoom, removeOwn } from "../../src/train/checkpoint-state.ts";
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
    const files = { ...pair("epoch_1.pth"), "trainer_epoch_1.safetensors": "unfinished\n" };
    expect((await start(files, { resume: true })).found).toBeUndefined();
  });

  it("the data set's own files are in nobody's way", async () => {
    const folder = temporaryFolder({ "training.odgt": "" });
    mkdirSync(join(folder, "ADEChallengeData2016"));
    const { config } = loadConfig({ set: [`DIR=${folder}`] });
    expect(await findStart(config, { resume: false, log: () => {}, warn: () => {} })).toBeUndefined();
  });
});

describe("Of a checkpoint whose trainer file is no longer what it was", () => {
  const position = { epoch: 2, iteration: 0 };
  const TRAINER = "trainer_epoch_2.safetensors";
  const NAMES = ["encoder_epoch_2.pth", "decoder_epoch_2.pth", "history_epoch_2.json", TRAINER];

  /** A folder with networks that can be read, and a trainer file. */
  async function broken(trainer: string | "another program's") {
    const folder = temporaryFolder({ "history_epoch_2.json": "{}", [TRAINER]: trainer });
    const weight = { name: "weight", dtype: "float32", shape: [1], data: Float32Array.of(1) } as const;
    for (const name of NAMES.slice(0, 2)) await writePth(join(folder, name), new Map([["weight", weight]]));
    if (trainer === "another program's") await writeSafetensors(join(folder, TRAINER), [weight]);
    return folder;
  }

  const begin = async (folder: string, resume: boolean) => {
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    const found = await findStart(loadConfig({ set: [`DIR=${folder}`] }).config, { resume, log: say, warn: say });
    return { found, lines };
  };

  it.each([
    ["empty", ""],
    ["cut", "half a header"],
    ["another program's", "another program's"],
  ])("that is %s, --resume goes on from the networks with new momenta, and says so", async (_what, trainer) => {
    const folder = await broken(trainer);
    const { found, lines } = await begin(folder, true);
    expect(found).toEqual({
      position,
      files: { encoder: join(folder, NAMES[0]!), decoder: join(folder, NAMES[1]!) },
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^epoch_2 in .* is not whole \(.*trainer_epoch_2.*\).*: the optimizer begins anew\.$/);
    await expect(begin(folder, false)).rejects.toThrow(/holds epoch_2: go on with it by --resume, or set DIR/);
  });

  it("the networks are neither removed as old ones nor overwritten, but set aside", async () => {
    const folder = await broken("half a header");
    const before = NAMES.map((name) => readFileSync(join(folder, name)));
    await removeOwn(folder, position);
    expect(readdirSync(folder).sort()).toEqual([...NAMES].sort());
    const aside = await makeRoom(folder, position);
    expect(aside.map((file) => basename(file))).toEqual(NAMES.map((name) => name.replace(/\.\w+$/, ".before$&")));
    expect(aside.map((file) => readFileSync(file))).toEqual(before);
  });

  it("networks that cannot be read either are passed over, and told of", async () => {
    const folder = await broken("half a header");
    writeFileSync(join(folder, NAMES[0]!), "half");
    const { found, lines } = await begin(folder, true);
    expect(found).toBeUndefined();
    expect(lines[0]).toMatch(/epoch_2 .* is not whole and is passed over/);
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
    });
    await markUnfinished(folder, { epoch: 1, iteration: 0 });
    expect(await makeRoom(folder, { epoch: 1, iteration: 0 })).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writePth, writeSafetensors } from "@seg/checkpoint";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../ade20k-data/test/support/hostile-text.ts";
import { loadConfig } from "../../src/config/index.ts";
import { RowStore } from "../../src/reproduce/row-store.ts";
import { readState } from "../../src/train/checkpoint-state.ts";
import { readEvaluations } from "../../src/train/hooks/validation-files.ts";
import { findStart } from "../../src/train/start.ts";
import { hostileJsonText, hostileNotes, soundNotes } from "../support/hostile-notes.ts";

const POSITION = { epoch: 1, iteration: 0 };
const HISTORY = { train: { epoch: [0.5, 1], loss: [2, 1], acc: [0.5, 0.6] } };
const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");

/** A folder with a checkpoint, whose notes and history are given. */
async function checkpoint(edit: (sound: ReturnType<typeof soundNotes>) => string, history = JSON.stringify(HISTORY)) {
  const folder = temporaryFolder({ "history_epoch_1.json": history });
  const tensor = { name: "w", dtype: "float32", shape: [1], data: new Float32Array(1) } as const;
  const checksums = { encoder: "", decoder: "", history: sha256(history) };
  for (const half of ["encoder", "decoder"] as const) {
    const file = join(folder, `${half}_epoch_1.pth`);
    await writePth(file, [tensor]);
    checksums[half] = sha256(readFileSync(file));
  }
  const notes = edit(soundNotes(checksums));
  await writeSafetensors(join(folder, "trainer_epoch_1.safetensors"), [], { metadata: { notes } });
  return folder;
}

describe("A checkpoint's notes", () => {
  it("as a training writes them make it whole", async () => {
    const folder = await checkpoint((sound) => JSON.stringify(sound));
    const { checksums: _, ...notes } = soundNotes({ encoder: "", decoder: "", history: "" });
    expect(await readState(folder, POSITION)).toEqual({
      kind: "whole",
      checkpoint: { ...notes, history: HISTORY },
    });
  });

  it.each<[string, object, RegExp]>([
    ["a path for an epoch", { position: { epoch: "1/../../evil", iteration: 0 } }, /position\.epoch is not as/],
    ["another position", { position: { epoch: 7, iteration: 0 } }, /is that of epoch_7/],
    ["half an epoch", { position: { epoch: 0.5, iteration: 0 } }, /position\.epoch/],
    ["no seeds", { seeds: undefined }, /seeds is not as/],
    ["seeds of words", { seeds: { dropout: "7" } }, /seeds\.dropout/],
    ["half a seed", { seeds: { dropout: 7.5 } }, /seeds\.dropout/],
    ["a seed beyond whole numbers", { seeds: { dropout: 1e308 } }, /seeds\.dropout/],
    ["a list for checksums", { checksums: [] }, /: checksums is not/],
    ["updates below 0", { updates: -1 }, /updates/],
    ["settings of text", { settings: "TRAIN" }, /settings/],
  ])("with %s are refused, until they are deleted, and nothing of them is used", async (_what, edited, reason) => {
    const folder = await checkpoint((sound) => JSON.stringify({ ...sound, ...edited }));
    expect(await readState(folder, POSITION)).toEqual({
      ...{ kind: "broken", own: true, edited: true },
      reason: expect.stringMatching(reason),
    });
    const file = join(folder, "trainer_epoch_1.safetensors");
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    for (const [resume, set] of [
      [true, []],
      [false, ["TRAIN.start_epoch=1"]],
    ] as const) {
      const { config } = loadConfig({ set: [`DIR=${folder}`, ...set] });
      const error = await findStart(config, { resume, log: say, warn: say }).catch((thrown) => thrown);
      expect(error).toMatchObject({ name: "PipelineError", code: "config", data: { file, checkpoint: "epoch_1" } });
      expect(error.message).toMatch(reason);
      expect(error.message).toContain(`: delete ${file} to go on from its networks with a new optimizer`);
    }
    expect(lines).toEqual([]);
    rmSync(file);
    const { config } = loadConfig({ set: [`DIR=${folder}`] });
    const start = await findStart(config, { resume: true, log: say, warn: say });
    expect(start).toMatchObject({ position: POSITION });
    expect(start?.checkpoint).toBeUndefined();
    expect(lines).toEqual([`epoch_1 in ${folder} has no trainer file: the optimizer begins anew.`]);
  });

  it("that were edited are passed over, with a line, where an earlier checkpoint is whole", async () => {
    const folder = await checkpoint((sound) => JSON.stringify(sound));
    const later = await checkpoint((sound) => JSON.stringify({ ...sound, updates: -1 }));
    for (const file of readdirSync(later)) cpSync(join(later, file), join(folder, file.replace("epoch_1", "epoch_2")));
    const lines: string[] = [];
    const { config } = loadConfig({ set: [`DIR=${folder}`] });
    const start = await findStart(config, { resume: true, log: () => {}, warn: (line) => lines.push(line) });
    expect(start?.checkpoint).toMatchObject({ position: POSITION, updates: 4 });
    expect(lines).toEqual([
      expect.stringMatching(
        /^The checkpoint epoch_2 in .* is not whole and is passed over: .*updates is not as a training writes it\.$/,
      ),
    ]);
  });

  it("of a trainer file that is damaged leave the networks to go on from", async () => {
    const folder = await checkpoint((sound) => JSON.stringify(sound));
    writeFileSync(join(folder, "trainer_epoch_1.safetensors"), "rubbish, and more of it");
    const lines: string[] = [];
    const { config } = loadConfig({ set: [`DIR=${folder}`] });
    const start = await findStart(config, { resume: true, log: () => {}, warn: (line) => lines.push(line) });
    expect(start).toMatchObject({ position: POSITION });
    expect(lines).toEqual([
      expect.stringMatching(/^epoch_1 in .* is not whole \(.*\), but its networks are: the optimizer begins anew\.$/),
    ]);
  });

  it("edited in any way leave a checkpoint whole or broken, at its own place", { timeout: 120_000 }, async () => {
    const random = seeded(12);
    const counts = { whole: 0, broken: 0 };
    let sound: ReturnType<typeof soundNotes> | undefined;
    const folder = await checkpoint((notes) => {
      sound = notes;
      return JSON.stringify(notes);
    });
    const before = readdirSync(dirname(folder));
    for (let i = 0; i < 150; i++) {
      const notes = hostileNotes(random, sound!);
      await writeSafetensors(join(folder, "trainer_epoch_1.safetensors"), [], { metadata: { notes } });
      const state = await readState(folder, POSITION);
      if (state.kind === "whole") expect(state.checkpoint.position).toEqual(POSITION);
      else expect(state).toMatchObject({ kind: "broken", reason: expect.any(String) });
      if (state.kind === "broken") expect(state.reason.length).toBeLessThan(1000);
      counts[state.kind as "whole" | "broken"]++;
    }
    expect(counts.whole).toBeGreaterThan(5);
    expect(counts.broken).toBeGreaterThan(50);
    expect(readdirSync(dirname(folder)).length).toBeLessThanOrEqual(before.length + 5);
    expect(existsSync(join(folder, "evil"))).toBe(false);
  });

  it.each([
    ["text", "no JSON"],
    ["lists of other lengths", JSON.stringify({ train: { epoch: [1], loss: [], acc: [1] } })],
    ["words", JSON.stringify({ train: { epoch: ["1"], loss: [1], acc: [1] } })],
    ["nothing", "null"],
  ])("beside a history of %s are not whole", async (_what, history) => {
    const folder = await checkpoint((sound) => JSON.stringify(sound), history);
    expect(await readState(folder, POSITION)).toMatchObject({ kind: "broken", own: true, edited: false });
  });

  it.skipIf(process.platform === "win32")("beside a pipe are not whole (skipped on Windows)", async () => {
    const folder = await checkpoint((sound) => JSON.stringify(sound));
    execFileSync("sh", ["-c", `rm "$1" && mkfifo "$1"`, "sh", join(folder, "encoder_epoch_1.pth")]);
    expect(await readState(folder, POSITION)).toMatchObject({
      kind: "broken",
      reason: expect.stringMatching(/no regular file/),
    });
  });
});

describe("What is read back", () => {
  it("as evaluations counts only if it is one of the epoch that its name says", async () => {
    const scores = { epoch: 3, meanIou: 0.5, pixelAccuracy: 0.75 };
    const random = seeded(3);
    const edited = Array.from({ length: 100 }, () => hostileJsonText(random, scores));
    const folder = temporaryFolder({
      "evaluation_epoch_3.json": JSON.stringify({ ...scores, more: 1 }),
      "evaluation_epoch_4.json": JSON.stringify(scores),
      "evaluation_epoch_5.json": JSON.stringify({ ...scores, epoch: "5/../../evil" }),
      ...Object.fromEntries(edited.map((text, i) => [`evaluation_epoch_${100 + i}.json`, text])),
    });
    expect(await readEvaluations(folder)).toEqual([scores]);
  });

  it("as rows that were measured is told to be something else", async () => {
    const key = { row: "a", sizes: [1], encoder: "e", decoder: "d", photos: "p", backend: "cpu", version: "1" };
    const measured = { meanIou: 40, pixelAccuracy: 80, photosPerSecond: 1, engine: "cpu", workers: 1, finished: "now" };
    const folder = temporaryFolder();
    const store = new RowStore(folder, () => {});
    await store.keep(key, measured);
    expect(await store.find(key)).toEqual(measured);
    const random = seeded(5);
    let refused = 0;
    for (let i = 0; i < 100; i++) {
      writeFileSync(join(folder, "rows.json"), hostileJsonText(random, [{ of: key, measured }]));
      const found = await store.find(key).catch((error) => error);
      if (found instanceof Error) refused++;
      if (found instanceof Error)
        expect(found).toMatchObject({ code: "failed", data: { file: join(folder, "rows.json") } });
    }
    expect(refused).toBeGreaterThan(30);
  });
});

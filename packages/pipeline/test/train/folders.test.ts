import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "@seg/node";
import {
  forkFromSource,
  PAIR,
  sizeOf,
  temporaryFolder,
  tinyDataset,
  tinySettings,
  writeLabel,
} from "@seg/testing/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unlikeLists } from "../../src/dataset/folders.ts";
import type { LabelsEvent } from "../../src/events.ts";
import { type TrainOptions, train } from "../../src/train/train.ts";

let folder: string;
let sources: { images: string; labels: string; valSplit: number };

beforeAll(async () => {
  forkFromSource();
  folder = mkdtempSync(join(tmpdir(), "seg-"));
  sources = { images: join(folder, "photos"), labels: join(folder, "masks"), valSplit: 0.25 };
  const { images } = await tinyDataset(folder);
  for (const name of ["photos", "masks"]) mkdirSync(join(folder, name));
  for (const [i, image] of images.entries()) {
    const { width, height } = sizeOf(i);
    copyFileSync(image, join(folder, "photos", `${i}.png`));
    const mask = Uint8Array.from({ length: width * height }, (_, at) => (at % width < 20 ? 0 : 255));
    await writeLabel(join(folder, "masks", `${i}.png`), mask, width);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(dir: string, set: Record<string, unknown> = {}, options: TrainOptions = {}) {
  const { "DATASET.list_train": _, "DATASET.list_val": __, ...settings } = tinySettings("", dir);
  const own = { "DATASET.label_map": "mask", "TRAIN.workers": 0, "TRAIN.epoch_iters": 2, ...set };
  return train({
    config: PAIR,
    backend: "wasm",
    fromScratch: true,
    set: { ...settings, ...own },
    ...sources,
    ...options,
  });
}

describe("What a second run names beside the lists of the first", () => {
  const records = (photos: string, masks: string, names: string[]) =>
    names.map((name) => ({ imagePath: `/${photos}/${name}`, labelPath: `/${masks}/${name}`, width: 1, height: 1 }));
  const lists = { train: records("p", "m", ["a", "b"]), val: records("p", "m", ["c"]) };
  const told = (photos: string, masks: string, names: string[]) =>
    unlikeLists(
      lists,
      { train: records(photos, masks, names), val: [] },
      { folder: "ckpt/x", images: photos, labels: masks },
    );

  it("is told by name where it is another thing, with how many photos are new", () => {
    expect(told("p", "m", ["a", "b", "c"])).toEqual([]);
    expect(told("q", "n", ["a", "b"])).toEqual([
      "The photos of --images q are not what the training in ckpt/x was begun with (/p): they are ignored. To train on them, set DIR to another folder.",
    ]);
    expect(told("p", "n", ["a", "d", "e"])).toEqual([
      "The labels of --labels n are not what the training in ckpt/x was begun with (/m): they are ignored. To train on them, set DIR to another folder.",
      "2 photos were added to p since the training in ckpt/x began, and are not used. To train on all, set DIR to another folder.",
    ]);
  });
});

const checksum = (...path: string[]) =>
  createHash("sha256")
    .update(readFileSync(join(...path)))
    .digest("hex");

describe("Training from two folders", () => {
  it("goes on with the photos that it began with, though the folders have changed, and scores those set aside", async () => {
    const [whole, halted] = [join(folder, "whole"), join(folder, "halted")];
    const seen: LabelsEvent[] = [];
    const { validation } = await start(
      whole,
      { "TRAIN.eval_every": 2 },
      {
        onProgress: (event) => event.type === "labels" && seen.push(event),
      },
    );
    expect(validation).toHaveLength(1);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ images: 3, total: 3, unlabeled: 0, warnings: [] });
    expect(seen[0]!.occurrences.map(({ images }) => images)).toEqual([3, 3]);

    const stop = new AbortController();
    const onProgress: TrainOptions["onProgress"] = (event) =>
      event.type === "checkpoint" && stop.abort(new Error("enough"));
    await expect(start(halted, {}, { onProgress, signal: stop.signal })).rejects.toThrow("enough");
    copyFileSync(join(folder, "photos", "0.png"), join(folder, "photos", "new.png"));
    copyFileSync(join(folder, "masks", "0.png"), join(folder, "masks", "new.png"));
    const lines: string[] = [];
    const warnings: string[] = [];
    const told = { log: (line: string) => lines.push(line), warn: (line: string) => warnings.push(line) };
    await start(halted, {}, { resume: true, ...told });
    expect(lines[0]).toMatch(/goes on with the 3 photos of .*list_train\.odgt/);
    expect(warnings).toEqual([
      `1 photo was added to ${sources.images} since the training in ${halted} began, and is not used. To train on all, set DIR to another folder.`,
    ]);
    for (const file of ["list_train.odgt", "encoder_epoch_2.pth", "decoder_epoch_2.pth"]) {
      expect(checksum(halted, file), file).toBe(checksum(whole, file));
    }
  });

  it("a folder that holds a training is refused before anything is said of it or written into it", async () => {
    const dir = temporaryFolder({ "encoder_epoch_1.pth": "", "decoder_epoch_1.pth": "" });
    const lines: string[] = [];
    await expect(start(dir, {}, { log: (line) => lines.push(line) })).rejects.toMatchObject({ code: "config" });
    expect([lines, readdirSync(dir).sort()]).toEqual([[], ["decoder_epoch_1.pth", "encoder_epoch_1.pth"]]);
  });

  it("files of others with the names of a training's are set aside, each with a word", async () => {
    const theirs = ["list_train.odgt", "history.svg", "history_epoch_1.json", "evaluation_epoch_1.json", "config.yaml"];
    const dir = temporaryFolder(Object.fromEntries(theirs.map((name) => [name, `their ${name}`])));
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    await start(dir, { "TRAIN.num_epoch": 1, "TRAIN.eval_every": 1 }, { log: say, warn: say });
    for (const name of theirs) {
      const aside = join(dir, name.replace(/\.\w+$/, ".before$&"));
      expect(readFileSync(aside, "utf8")).toBe(`their ${name}`);
      expect(lines.filter((line) => line.includes(`is now ${aside}.`))).toHaveLength(1);
    }
    expect(JSON.parse(readFileSync(join(dir, "evaluation_epoch_1.json"), "utf8"))).toMatchObject({ epoch: 1 });
  });

  it("a run that trains nothing leaves the folder's description as it was, and says what differs", async () => {
    const dir = join(folder, "done");
    await start(dir, { "TRAIN.num_epoch": 1 });
    const before = readFileSync(join(dir, "config.yaml"), "utf8");
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    const other = { "TRAIN.num_epoch": 1, "DATASET.imgSizes": [64] };
    await start(dir, other, { resume: true, log: say, warn: say });
    expect(readFileSync(join(dir, "config.yaml"), "utf8")).toBe(before);
    expect(lines).toContain("The one epoch is done.");
    expect(lines.join("\n")).toMatch(
      /imgSizes was .* and is \[64\]: that changes nothing, as nothing is left to train/,
    );
  });

  it("a second training in the folder is told before it waits that it will be refused, and one that resumes is not", async () => {
    const dir = temporaryFolder();
    for (const resume of [false, true]) {
      const stop = new AbortController();
      const lines: string[] = [];
      const log = (line: string) => {
        lines.push(line);
        stop.abort(new Error("enough"));
      };
      const second = () => start(dir, {}, { resume, log, signal: stop.signal });
      await expect(withLock(join(dir, ".training.lock"), second)).rejects.toThrow(/enough|aborted/);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^Another training is at work in .*: waiting for its end\./);
      expect(lines[0]!.includes("this one is refused: go on with it by --resume, or set DIR")).toBe(!resume);
    }
  });

  it("a lock that does not say whose it is is told as just that", async () => {
    for (const text of ["", "rubbish", "{}"]) {
      const dir = temporaryFolder({ ".training.lock": text });
      const stop = new AbortController();
      const lines: string[] = [];
      const log = (line: string) => {
        lines.push(line);
        stop.abort(new Error("enough"));
      };
      await expect(start(dir, {}, { resume: true, log, signal: stop.signal })).rejects.toThrow(/enough|aborted/);
      expect(lines).toEqual([
        `Another training may be at work in ${dir}: waiting until its lock is gone. ${join(dir, ".training.lock")} is there and does not say whose it is: if nobody is at work, delete it.`,
      ]);
    }
  });

  it("wants photos for scores to be set aside, before anything is trained", async () => {
    const run = start(join(folder, "none"), { "TRAIN.eval_every": 1 }, { valSplit: 0 });
    await expect(run).rejects.toMatchObject({ code: "option", message: expect.stringContaining("--val-split") });
  });
});

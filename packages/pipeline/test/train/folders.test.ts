import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forkFromSource, PAIR, sizeOf, tinyDataset, tinySettings, writeLabel } from "@seg/testing/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
    await start(halted, {}, { resume: true, log: (line) => lines.push(line) });
    expect(lines[0]).toMatch(/goes on with the 3 photos of .*list_train\.odgt/);
    for (const file of ["list_train.odgt", "encoder_epoch_2.pth", "decoder_epoch_2.pth"]) {
      expect(checksum(halted, file), file).toBe(checksum(whole, file));
    }
  });

  it("wants photos for scores to be set aside, before anything is trained", async () => {
    const run = start(join(folder, "none"), { "TRAIN.eval_every": 1 }, { valSplit: 0 });
    await expect(run).rejects.toMatchObject({ code: "option", message: expect.stringContaining("--val-split") });
  });
});

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { sizeOf, type TinyDataset, temporaryFolder, tinyDataset, writeLabel } from "@seg/testing/node";
import { beforeEach, describe, expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

let folder: string;
let data: TinyDataset;
beforeEach(async () => {
  folder = temporaryFolder();
  data = await tinyDataset(folder);
});

const CONFIG = ["--cfg", "mobilenetv2dilated-c1_deepsup", "--num-class", "2"];
const seg = (...words: string[]) =>
  runSeg(["train", ...CONFIG, "--list-train", data.list, ...words], { env: { XDG_CACHE_HOME: join(folder, "cache") } });

describe("seg train --check", () => {
  const check = (...words: string[]) => seg("--check", ...words);

  it("finds nothing wrong with a good data set", async () => {
    const { code, stdout, stderr } = await check();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trim().split("\n").at(-1)).toBe(`${data.list}: 4 photos and labels, 0 problems`);
  });

  it("names the file and the value of each wrong label, and ends with 1", async () => {
    for (const i of [1, 3]) {
      const { width, height } = sizeOf(i);
      await writeLabel(data.labels[i]!, new Uint8Array(width * height).fill(7 + i), width);
    }
    const { code, stdout } = await check();
    expect(code).toBe(1);
    const lines = stdout.trim().split("\n");
    expect(lines[0]).toContain(data.labels[1]);
    expect(lines[0]).toContain("received 8");
    expect(lines[1]).toContain(data.labels[3]);
    expect(lines[1]).toContain("received 10");
    expect(lines.at(-1)).toBe(`${data.list}: 4 photos and labels, 2 problems`);
  });

  it("looks at the validation list too, and tells in JSON", async () => {
    const val = await tinyDataset(folder, { name: "val", photos: 2 });
    const { code, stdout } = await check("--list-val", val.list, "--json");
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { list: data.list, checked: 4, problemCount: 0, problems: [] },
      { list: val.list, checked: 2, problemCount: 0, problems: [] },
    ]);
    expect(await check("--list-val", "/nowhere/val.odgt")).toMatchObject({ code: 3 });
  });
});

describe("What seg train --check shows of the labels", () => {
  const check = (...words: string[]) => seg("--check", ...words);
  const fill = async (labelAt: (i: number, photo: number) => number) => {
    for (const [photo, label] of data.labels.entries()) {
      const { width, height } = sizeOf(photo);
      await writeLabel(
        label,
        Uint8Array.from({ length: width * height }, (_, i) => labelAt(i, photo)),
        width,
      );
    }
  };
  // The four photos have 2 × 40 × 32 and 2 × 56 × 32 pixels.
  const PIXELS = 6144;

  it("is each class's pixels and images, as lines and as JSON", async () => {
    await fill((i, photo) => (i % 4 === 0 ? 0 : photo === 0 ? 1 : 2));
    const { stdout } = await check();
    expect(stdout).toContain("In 4 labels, 2 of 2 classes occur: class 2 79.2 %, class 1 20.8 %; 25 % unlabeled");
    expect(stdout).toMatch(/^2 +class 2 +3648 +79.17% +3$/m);
    expect(stdout).toMatch(/^1 +class 1 +960 +20.83% +1$/m);
    const json = JSON.parse((await check("--json")).stdout);
    expect(json).toMatchObject({ pixels: PIXELS, unlabeled: PIXELS / 4, warnings: [] });
    expect(json.occurrences).toMatchObject([
      { number: 2, pixels: 3648, images: 3 },
      { number: 1, pixels: 960, images: 1 },
    ]);
  });

  it.each([
    [
      "classes that never occur",
      "5",
      (i: number) => 1 + (i % 2),
      /3 of 5 classes never occur: class 3, .*--num-class 2 meant/,
    ],
    [
      "labels that are mostly void",
      "2",
      (i: number) => (i % 8 < 2 ? 1 + (i % 2) : 0),
      /75 % of the pixels are unlabeled/,
    ],
    ["classes that count from 0", "4", (i: number) => i % 4, /if 0 is the first class .* DATASET.label_map zero-based/],
    ["the default 150 classes", "150", (i: number) => 1 + (i % 11), /139 of 150 classes .*--num-class 11 meant/],
  ])("warns of %s", async (_what, classes, labelAt, message) => {
    await fill(labelAt);
    const { code, stderr } = await check("--num-class", classes);
    expect(code).toBe(0);
    expect(stderr).toMatch(message);
  });

  it("is refused where it would teach nothing", async () => {
    await fill(() => 0);
    const { code, stdout } = await check();
    expect(code).toBe(1);
    expect(stdout).toMatch(/no pixel of 4 label maps has a class/);
    await fill(() => 1);
    const single = await check("--num-class", "2");
    expect(single).toMatchObject({ code: 1, stdout: expect.stringMatching(/all of 4 label maps show class 1 alone/) });
    await fill(() => 0);
    const training = await seg("--from-scratch", "DIR", join(folder, "run"));
    expect(training).toMatchObject({ code: 1, stderr: expect.stringMatching(/no pixel of 4 label maps has a class/) });
    for (const words of [["--check"], ["--from-scratch", "DIR", join(folder, "run")]]) {
      const { code, stderr } = await seg(...words, "--num-class", "1");
      expect(code).toBe(2);
      expect(stderr).toMatch(/Expected at least 2 classes .*--num-class 2/);
    }
  });

  it("follows the label convention, by flags and keys", async () => {
    await fill((i) => [0, 255, 7, 7][i % 4]!);
    expect(await check()).toMatchObject({ code: 1, stdout: expect.stringMatching(/among 0 .*, 7 .*, 255 /) });
    const map = join(folder, "map.csv");
    writeFileSync(map, "value,class\n7,1\n255,2\n0,ignore\n");
    const mapped = JSON.parse((await check("--label-map", map, "--json")).stdout);
    expect(mapped).toMatchObject({
      problemCount: 0,
      unlabeled: PIXELS / 4,
      occurrences: [{ images: 4 }, { images: 4 }],
    });
    const ignored = await check(
      "--num-class",
      "8",
      "DATASET.ignore_label",
      "255",
      "DATASET.label_map",
      "zero-based",
      "--json",
    );
    expect(JSON.parse(ignored.stdout)).toMatchObject({ problemCount: 0, unlabeled: PIXELS / 4 });
    expect(await check("--label-map", "voc")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--num-class 21"),
    });
  });
});

describe("seg train --images --labels", () => {
  const inFolders = (...words: string[]) =>
    runSeg(["train", ...CONFIG, "--check", ...words], { env: { XDG_CACHE_HOME: join(folder, "cache") } });
  const folders = () => {
    for (const name of ["photos", "masks"]) mkdirSync(join(folder, name));
    data.images.forEach((image, i) => {
      renameSync(image, join(folder, "photos", `${i}.png`));
      renameSync(data.labels[i]!, join(folder, "masks", `${i}.png`));
    });
    return ["--images", join(folder, "photos"), "--labels", join(folder, "masks")];
  };

  it("checks the photos of two folders, and those that are set aside", async () => {
    const words = folders();
    expect((await inFolders(...words)).stdout).toMatch(/photos for training: 4 photos and labels, 0 problems\n$/);
    const { code, stdout } = await inFolders(...words, "--val-split", "0.25");
    expect(code).toBe(0);
    expect(stdout).toMatch(/photos for training: 3 photos and labels, 0 problems/);
    expect(stdout).toMatch(/photos for validation: 1 photo and its label, 0 problems/);
  });

  it.each([
    ["a folder alone", ["--images", "photos"], /only --images: name the other one by --labels/],
    ["a share without folders", ["--val-split", "0.1"], /only --val-split: name it by --images/],
    ["a share that is none", ["--images", "a", "--labels", "b", "--val-split", "1"], /--val-split/],
    ["a share that is no number", ["--images", "a", "--labels", "b", "--val-split", "x"], /--val-split/],
    ["a list beside folders", ["--images", "a", "--labels", "b", "--list-train", "c"], /folders or a list/],
    [
      "validation in two ways",
      ["--images", "a", "--labels", "b", "--val-split", "0.1", "--val-images", "c", "--val-labels", "d"],
      /--val-split or --val-images/,
    ],
  ])("refuses %s in one line", async (_what, words, message) => {
    const { code, stderr } = await inFolders(...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  it("refuses the full ADE20K data set by name", async () => {
    mkdirSync(join(folder, "full"));
    renameSync(data.images[0]!, join(folder, "full", "ADE_train_00000001.jpg"));
    renameSync(data.labels[0]!, join(folder, "full", "ADE_train_00000001_seg.png"));
    const { code, stderr } = await inFolders("--images", join(folder, "full"), "--labels", join(folder, "full"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/the full ADE20K data set.*ADEChallengeData2016/);
  });
});

describe("seg train", () => {
  it("says how to go on where ImageNet's weights cannot be had", async () => {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((listening) => server.listen(0, listening));
    const mirror = `http://localhost:${(server.address() as AddressInfo).port}`;
    try {
      const { code, stderr } = await seg("--mirror", mirror, "DIR", join(folder, "run"));
      expect(code).toBe(3);
      expect(stderr.trim().split("\n").at(-1)).toMatch(
        /^error: Expected ImageNet weights for mobilenetv2dilated .*mobilenet_v2\.pth\.tar.*--weights-encoder.*--from-scratch\.$/,
      );
      expect(stderr).toContain(`${mirror}/pretrained_resnet/mobilenet_v2.pth.tar`);
    } finally {
      server.close();
    }
  });

  it.each([
    ["a list that is not there", ["--list-train", "/nowhere/train.odgt"], 3, /\/nowhere\/train\.odgt/],
    ["weights that are not there", ["--weights-encoder", "/nowhere/encoder.pth"], 3, /\/nowhere\/encoder\.pth/],
    [
      "a GPU too few",
      ["--gpus", "0,1", "--replicas", "3"],
      2,
      /Expected a GPU for each of 3 replicas but received 2: leave --replicas out\./,
    ],
    ["GPUs for another engine", ["--gpus", "0", "--backend", "wasm"], 2, /--gpus .* wasm/],
    ["a number of replicas that is none", ["--replicas", "0"], 2, /--replicas/],
    ["replicas on WebGPU", ["--replicas", "2", "--backend", "webgpu"], 2, /one replica with --backend webgpu.* 2: /],
    ["a misspelled key", ["TRAIN.lr_encodr", "0.1"], 2, /did you mean TRAIN\.lr_encoder\?/],
    ["a value that makes no sense", ["TRAIN.accumulate", "0"], 2, /TRAIN\.accumulate/],
  ])("refuses %s in one line", async (_what, words, expected, message) => {
    const { code, stderr } = await seg("--from-scratch", "DIR", join(folder, "run"), ...words);
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

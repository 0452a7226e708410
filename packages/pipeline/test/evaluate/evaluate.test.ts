import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { decodeImage, readLabel, readOdgt, validationScales } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend";
import { loadNetwork } from "@seg/segmenter";
import { unlessShared } from "@seg/testing";
import { childrenOf, forkFromSource, temporaryFolder } from "@seg/testing/node";
import sharp from "sharp";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import type { Evaluation } from "../../src/evaluate/result.ts";
import { absent, CLASSES, camvid, checkpoint, score, settings } from "./camvid.ts";

let out: string;
beforeAll(forkFromSource);
beforeEach(() => {
  out = temporaryFolder();
});

/** A folder pair of the first `count` photos, whose labels may be tampered with. */
async function copies(count: number): Promise<{ images: string; labels: string; labelPaths: string[] }> {
  const [images, labels] = [join(out, "images"), join(out, "labels")];
  for (const folder of [images, labels]) mkdirSync(folder);
  const records = (await readOdgt(`${camvid}/val.odgt`)).slice(0, count);
  const labelPaths = records.map(({ imagePath, labelPath }) => {
    symlinkSync(imagePath, join(images, basename(imagePath)));
    const copy = join(labels, basename(labelPath!));
    cpSync(labelPath!, copy);
    return copy;
  });
  return { images, labels, labelPaths };
}

/** What is to come out: softmax, resizing, averaging, argmax and counting in plain loops over the network's scores. */
async function slowConfusion(count: number, sizes: number[], flip: boolean): Promise<number[][]> {
  const engine = await startEngine("wasm");
  expect(engine.name).toBe("wasm");
  const { config } = loadConfig({
    cfg: "mobilenetv2dilated-c1_deepsup",
    flags: Object.entries(settings()).map(([key, value]) => ({ key, value, origin: "" })),
  });
  const files = { encoder: `${checkpoint}/encoder_epoch_14.pth`, decoder: `${checkpoint}/decoder_epoch_14.pth` };
  const network = await loadNetwork(config, files);
  const tf = await import("@tensorflow/tfjs");
  const counts = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES + 1).fill(0));
  for (const { imagePath, labelPath } of (await readOdgt(`${camvid}/val.odgt`)).slice(0, count)) {
    const image = await decodeImage(imagePath);
    const { labels: truth } = await readLabel(labelPath!);
    const sums = new Float64Array(image.width * image.height * CLASSES);
    for (const scale of validationScales(image, { sizes })) {
      for (const mirrored of flip ? [false, true] : [false]) {
        const { width, height } = scale;
        const data = mirrored ? mirror(scale.data, width, 3) : scale.data;
        const input = tf.tensor4d(data, [1, height, width, 3]);
        const [scores] = network.predict(input);
        const [, h, w] = scores!.shape as [number, number, number];
        const values = (await scores!.data()) as Float32Array;
        tf.dispose([input, scores!]);
        addProbabilities(sums, mirrored ? mirror(values, w, CLASSES) : values, [h, w], [image.height, image.width]);
      }
    }
    truth.forEach((label, pixel) => {
      if (label < 0) return;
      let best = 0;
      for (let c = 1; c < CLASSES; c++) if (sums[pixel * CLASSES + c]! > sums[pixel * CLASSES + best]!) best = c;
      counts[label]![best]!++;
    });
  }
  network.dispose();
  return counts;
}

function mirror(values: Float32Array, width: number, channels: number): Float32Array {
  return values.map((_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const x = pixel % width;
    return values[(pixel - x + width - 1 - x) * channels + c]!;
  });
}

function addProbabilities(sums: Float64Array, scores: Float32Array, from: number[], to: number[]): void {
  const [h, w] = from as [number, number];
  const [height, width] = to as [number, number];
  const [logits, powers] = [new Float64Array(CLASSES), new Float64Array(CLASSES)];
  const along = (i: number, size: number, newSize: number) => {
    const at = Math.max(0, ((i + 0.5) * size) / newSize - 0.5);
    const low = Math.floor(at);
    return [low, Math.min(low + 1, size - 1), at - low] as const;
  };
  for (let y = 0; y < height; y++) {
    const [top, bottom, v] = along(y, h, height);
    for (let x = 0; x < width; x++) {
      const [left, right, u] = along(x, w, width);
      let total = 0;
      for (let c = 0; c < CLASSES; c++) {
        const at = (row: number, column: number) => scores[(row * w + column) * CLASSES + c]!;
        const above = (1 - u) * at(top, left) + u * at(top, right);
        const below = (1 - u) * at(bottom, left) + u * at(bottom, right);
        logits[c] = (1 - v) * above + v * below;
      }
      const most = Math.max(...logits);
      for (let c = 0; c < CLASSES; c++) {
        powers[c] = Math.exp(logits[c]! - most);
        total += powers[c]!;
      }
      for (let c = 0; c < CLASSES; c++) sums[(y * width + x) * CLASSES + c]! += powers[c]! / total;
    }
  }
}

/** Pixels that two matrices count differently. */
const difference = (a: number[][], b: number[][]) =>
  a.flat().reduce((sum, count, i) => sum + Math.abs(count - b.flat()[i]!), 0) / 2;

describe.skipIf(absent)(`Evaluation on CamVid${unlessShared}`, () => {
  it("counts what a slow loop over the scores counts, on wasm, with any number of workers", async () => {
    const small = { "DATASET.imgSizes": 240 };
    const one = await score({ limit: 2, workers: 1 }, small);
    expect(one).toMatchObject({ partial: false, images: 2, total: 2, sizes: [240], flip: false, engine: "wasm" });
    // Scores that tie but for their last digits may fall either way.
    expect(difference(one.confusion.counts, await slowConfusion(2, [240], false))).toBeLessThan(one.pixels * 1e-4);
    const two = await score({ limit: 2, workers: 2 }, small);
    expect(two.confusion).toEqual(one.confusion);
    expect(two.perImage).toEqual(one.perImage);
  });

  it("averages over sizes and mirror images as a slow loop does", async () => {
    const both = await score({ limit: 1, flip: true, multiScale: true }, { "DATASET.imgSizes": [180, 240] });
    expect(both).toMatchObject({ sizes: [180, 240], flip: true });
    const slow = await slowConfusion(1, [180, 240], true);
    expect(difference(both.confusion.counts, slow)).toBeLessThan(both.pixels * 1e-4);
  });

  it("writes the numbers, the confusion matrix's picture, and each photo beside its truth and prediction", async () => {
    const progress: string[] = [];
    const result = join(out, "deep/result");
    const evaluation = await score(
      {
        limit: 2,
        result,
        onProgress: (event) => "done" in event && progress.push(`${event.type} ${event.done}/${event.total}`),
      },
      { "VAL.visualize": true, "DATASET.imgSizes": 96 },
    );
    expect(progress).toEqual(["check 1/2", "check 2/2", "score 1/2", "score 2/2"]);
    const names = ["0016E5_07959", "0016E5_07961"];
    expect(readdirSync(result).sort()).toEqual([
      ...names.map((name) => `${name}.png`),
      "confusion.png",
      "evaluation.json",
    ]);
    const written = JSON.parse(readFileSync(join(result, "evaluation.json"), "utf8"));
    expect(written).toEqual(JSON.parse(JSON.stringify(evaluation)));
    expect(evaluation.perImage.map(({ image }) => basename(image, ".jpg"))).toEqual(names);
    const picture = await decodeImage(join(result, `${names[0]}.png`));
    expect(picture.width).toBe(4 * (480 + 12) + 12);
    // The first of four is the photo itself, below two lines of text.
    const photo = await decodeImage(`${camvid}/images/val/${names[0]}.jpg`);
    const start = (74 * picture.width + 12) * 3;
    expect(picture.data.subarray(start, start + 480 * 3)).toEqual(photo.data.subarray(0, 480 * 3));
  });

  const wrong: [string, object, (label: string) => Promise<unknown>][] = [
    ["a value above num_class", { data: { value: 77, numClasses: 11 } }, (path) => repaint(path, 77)],
    [
      "another size than its photo",
      { data: { width: 48, height: 36, expectedWidth: 480, expectedHeight: 360 } },
      (path) => grey(48, 36).toFile(path),
    ],
    [
      "16 bits",
      { message: expect.stringContaining("16 bits") },
      (path) => grey(480, 360).toColourspace("grey16").toFile(path),
    ],
    [
      "RGB values",
      { message: expect.stringContaining("RGB") },
      (path) => grey(480, 360).toColourspace("srgb").toFile(path),
    ],
  ];
  const grey = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "black" } })
      .png()
      .toColourspace("b-w");
  async function repaint(path: string, value: number): Promise<void> {
    const { data, info } = await sharp(path).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
    data[1000] = value;
    await sharp(data, { raw: { ...info, channels: 1 } })
      .png()
      .toColourspace("b-w")
      .toFile(path);
  }

  it.each(wrong)(
    "tells of a label with %s before anything is scored, naming the file",
    async (_what, values, spoil) => {
      const { labelPaths, ...folders } = await copies(3);
      await spoil(labelPaths[2]!);
      const phases = new Set<string>();
      const error = await score({ ...folders, result: out, onProgress: ({ type }) => phases.add(type) }).catch(
        (e) => e,
      );
      expect(error).toMatchObject({ code: "bad-label", data: { file: labelPaths[2] } });
      expect(error).toMatchObject(values);
      expect([...phases]).toEqual(["check"]);
      expect(existsSync(join(out, "evaluation.json"))).toBe(false);
    },
  );

  it("tells of all wrong labels at once", async () => {
    const { labelPaths, ...folders } = await copies(3);
    for (const path of labelPaths.slice(1)) await repaint(path, 12);
    const notes: string[] = [];
    await expect(score({ ...folders, log: (line) => notes.push(line) })).rejects.toMatchObject({
      code: "bad-label",
      data: { file: labelPaths[1], value: 12 },
      message: expect.stringMatching(/the first of 2 problems\.$/),
    });
    expect(notes).toEqual([expect.stringContaining(labelPaths[2]!)]);
  });

  it("saves what was counted when a photo turns out to be broken", async () => {
    const { labelPaths, ...folders } = await copies(6);
    const photo = join(folders.images, readdirSync(folders.images).sort()[5]!);
    const whole = readFileSync(photo);
    const cut = join(folders.images, "z.jpg");
    writeFileSync(cut, whole.subarray(0, whole.length / 2));
    cpSync(labelPaths[5]!, join(folders.labels, "z.png"));
    const notes: string[] = [];
    const options = { ...folders, result: out, log: (line: string) => notes.push(line) };
    await expect(score(options, { "DATASET.imgSizes": 64 })).rejects.toMatchObject({
      code: "truncated",
      data: { file: cut },
    });
    const saved: Evaluation = JSON.parse(readFileSync(join(out, "evaluation.json"), "utf8"));
    expect(saved).toMatchObject({ partial: true, total: 7 });
    expect(saved.images).toBe(saved.perImage.length);
    expect(saved.images).toBeGreaterThan(0);
    expect(notes.at(-1)).toBe(
      `What was counted until then, ${saved.images} of 7 images, is in ${join(out, "evaluation.json")}.`,
    );
  });

  it("leaves no worker behind when it is stopped, and saves what was counted", async () => {
    const controller = new AbortController();
    const onProgress = ({ type }: { type: string }) => type === "score" && controller.abort(new Error("enough"));
    await expect(
      score({ limit: 20, workers: 2, result: out, signal: controller.signal, onProgress }, { "DATASET.imgSizes": 64 }),
    ).rejects.toThrow("enough");
    expect(JSON.parse(readFileSync(join(out, "evaluation.json"), "utf8"))).toMatchObject({ partial: true, total: 20 });
    if (process.platform === "linux") expect(childrenOf(process.pid)).toEqual([]);
  });

  it.each([
    ["a worker's engine that cannot start", { backend: "tensorflow-gpu" }, {}, { code: "engine-unavailable" }],
    [
      "weights of another number of classes",
      {},
      { "DATASET.num_class": 12, "DATASET.classes": "" },
      { code: "config", data: { key: "DATASET.num_class", expected: 11, received: 12 } },
    ],
    ["no worker at all", { workers: 0 }, {}, { code: "option", data: { option: "workers", received: 0 } }],
    [
      "GPUs for an engine that uses none",
      { gpus: [0] },
      {},
      { code: "option", data: { option: "backend", expected: "tensorflow-gpu", received: "wasm" } },
    ],
    [
      "a missing list before weights are looked for",
      {},
      { "VAL.checkpoint": "epoch_99.pth", "DATASET.list_val": "/nowhere/val.odgt" },
      { code: "missing", data: { key: "DATASET.list_val", file: "/nowhere/val.odgt" } },
    ],
    [
      "more classes than labels can hold",
      {},
      { "DATASET.num_class": 300, "DATASET.classes": "" },
      { code: "config", data: { key: "DATASET.num_class", received: 300 } },
    ],
    ["missing weights", {}, { "VAL.checkpoint": "epoch_99.pth" }, { code: "missing", data: { key: "VAL.checkpoint" } }],
    ["a folder that there is not", {}, { DIR: "/nowhere" }, { code: "missing", data: { key: "DIR" } }],
  ] as const)("tells of %s", async (_what, options, set, error) => {
    await expect(score({ limit: 2, ...options }, set)).rejects.toMatchObject(error);
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TrainBatch } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend";
import { solo } from "@seg/collectives";
import { DataParallel, type Launcher } from "@seg/data-parallel";
import { uniform } from "@seg/testing";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { hasMpirun, segProcess, unlessMpirun } from "../mpirun.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { type Task, takeSteps, type Weights } from "./fixtures/steps.ts";
import { PAIR, type TinyDataset, tinyDataset, tinySettings } from "./tiny.ts";

const SIDE = 32;
const STEPS = 5;
const CLASSES = 3;

/** Photos of noise, some of whose pixels are not labelled. */
function batchOf(step: number, size: number): TrainBatch {
  return {
    images: Float32Array.from(uniform(`${step}.image`, size * SIDE * SIDE * 3, (u) => (u - 0.5) * 4)),
    labels: Int32Array.from(uniform(`${step}.label`, size * (SIDE / 8) ** 2, (u) => Math.floor(u * (CLASSES + 1)) - 1)),
    height: SIDE,
    width: SIDE,
    files: Array.from({ length: size }, (_, i) => `${step}-${i}`),
  };
}

function half(batch: TrainBatch, which: number): TrainBatch {
  const part = <T extends Float32Array | Int32Array>(values: T) =>
    values.slice((which * values.length) / 2, ((which + 1) * values.length) / 2) as T;
  const files = batch.files.slice((which * batch.files.length) / 2, ((which + 1) * batch.files.length) / 2);
  return { ...batch, images: part(batch.images), labels: part(batch.labels), files };
}

const shake = (batch: TrainBatch): TrainBatch => {
  const images = batch.images.map((value, i) => value * (1 + ((i * 7919) % 2 === 0 ? 1e-6 : -1e-6)));
  return { ...batch, images };
};

const norm = (values: Float32Array) => Math.hypot(...chunks(values).map((chunk) => Math.hypot(...chunk)));
const chunks = (values: Float32Array) =>
  Array.from({ length: Math.ceil(values.length / 10_000) }, (_, i) => values.subarray(i * 10_000, (i + 1) * 10_000));
const minus = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - b[i]!);

describe("Two replicas", () => {
  const flags = [{ key: "DATASET.num_class", value: CLASSES, origin: "" }];
  const { config } = loadConfig({ cfg: PAIR, flags });
  const whole = Array.from({ length: STEPS }, (_, step) => batchOf(step, 4));
  const oneStep = (batch: TrainBatch) => takeSteps(config, [batch], 0.02, solo);
  beforeAll(async () => {
    await startEngine("wasm");
  });

  it.each<Launcher>(["threads", "processes"])(
    "with half of the photos each end with the weights of one with all of them, as %s",
    async (launcher) => {
      const devices = [{ engine: "wasm" as const }, { engine: "wasm" as const }];
      const module = new URL("fixtures/steps.ts", import.meta.url);
      const parallel = await DataParallel.launch<Task, Weights>({
        ...{ devices, module, options: config, launcher },
      });
      const replicas = (steps: number, rate: number) =>
        parallel.run(
          [0, 1].map((rank) => ({ rate, batches: whole.slice(0, steps).map((batch) => half(batch, rank)) })),
        );
      try {
        // A rate so low that the untrained network's own sensitivity does not hide what is compared: a millionth of a photo's values
        // makes 9e-5 of the weights after these steps, and 2e-2 at a rate of 2e-3.
        const [first, second] = await replicas(STEPS, 1e-5);
        expect(Buffer.from(first!.weights.buffer).equals(Buffer.from(second!.weights.buffer))).toBe(true);
        const all = await takeSteps(config, whole, 1e-5, solo);
        expect(norm(minus(first!.weights, all.weights)) / norm(all.weights)).toBeLessThan(1e-4);
        // And one step's change of what is trained, as near as a photo allows whose values are off by a millionth.
        const [step] = await replicas(1, 0.02);
        const before = await takeSteps(config, [], 0, solo);
        const [exact, shaken] = [await oneStep(whole[0]!), await oneStep(shake(whole[0]!))];
        const changed = norm(minus(exact.trained, before.trained));
        const sensitivity = norm(minus(shaken.trained, exact.trained)) / changed;
        expect(sensitivity).toBeLessThan(0.1);
        expect(norm(minus(step!.trained, exact.trained)) / changed).toBeLessThan(3 * sensitivity);
      } finally {
        await parallel.dispose();
      }
    },
  );
});

describe("seg train on several replicas", () => {
  let folder: string;
  let data: TinyDataset;
  beforeEach(async () => {
    folder = temporaryFolder();
    data = await tinyDataset(folder);
  });
  const seg = (dir: string, flags: string[], set: Record<string, unknown> = {}, ranks = 0) => {
    const settings = { ...tinySettings(data.list, join(folder, dir)), ...set };
    const pairs = Object.entries(settings).flatMap(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    return segProcess(["train", "--cfg", PAIR, "--backend", "wasm", "--from-scratch", ...flags, ...pairs], ranks);
  };
  const weights = (dir: string) =>
    ["encoder", "decoder"].map((part) => readFileSync(join(folder, dir, `${part}_epoch_2.pth`)).toString("base64"));

  it("speaks with one voice, leaves one set of checkpoints, and goes on with another number of them", () => {
    const two = seg("two", ["--replicas", "2"], { "TRAIN.num_epoch": 1 });
    expect(two).toMatchObject({ code: 0 });
    expect(two.stdout.trim().split("\n")).toHaveLength(3);
    expect(two.stderr.match(/Saved encoder_epoch_1\.pth/g)).toHaveLength(1);
    const resumed = seg("two", ["--resume"]);
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.stderr).toContain("replicas was 2 and is 1");
    expect(resumed.stdout).toMatch(/^Epoch: \[2\]\[0\/3\]/);
    expect(weights("two")).toHaveLength(2);
  });

  it("ends with the broken photo's own error after saving what was learned", () => {
    // The threads of each replica share the photos: one of the two comes upon it first.
    const bytes = readFileSync(data.images[1]!);
    writeFileSync(data.images[1]!, bytes.subarray(0, bytes.length / 2));
    const { code, stderr } = seg("broken", ["--replicas", "2"], { "TRAIN.epoch_iters": 9 });
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toMatch(/^error: Expected .*train-1\.png/);
  });

  it.skipIf(!hasMpirun)(`ends with the same bytes under mpirun as in threads${unlessMpirun}`, () => {
    const threads = seg("threads", ["--replicas", "2"]);
    expect(threads).toMatchObject({ code: 0 });
    const ranks = seg("ranks", ["--distributed", "mpi"], {}, 2);
    expect(ranks).toMatchObject({ code: 0 });
    expect(ranks.stdout.trim().split("\n")).toHaveLength(6);
    expect(weights("ranks")).toEqual(weights("threads"));
  });

  it("wants mpirun where --distributed names it", () => {
    const { code, stderr } = seg("none", ["--distributed", "mpi"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: Expected mpirun or srun .*mpirun -np/);
  });
});

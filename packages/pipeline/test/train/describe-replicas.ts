import type { TrainBatch } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend";
import { single } from "@seg/collectives";
import { DataParallel, type Launcher } from "@seg/data-parallel";
import {
  expectNoComplaints,
  fillMadeUp,
  gradientComplaints,
  norm,
  pytorchName,
  type ReferenceGradient,
  reference,
  TRAINING_BOUNDS,
  uniform,
} from "@seg/testing";
import { PAIR } from "@seg/testing/node";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { type Task, takeSteps, type Weights } from "./fixtures/steps.ts";

const CLASSES = 150;
const RATE = 0.02;

const expected =
  reference<Record<string, { input: [number, number, number, number]; gradients: Record<string, ReferenceGradient> }>>(
    "gradients.json",
  )["mobilenetv2dilated+c1_deepsup"];

/** The reference's photos times `factor` and its labels, or others of their kind where the keys have a prefix. */
function batchOf([size, channels, height, width]: number[], prefix = "", factor = 1): TrainBatch {
  const shape = [size!, channels!, height!, width!];
  const count = shape.reduce((a, b) => a * b, 1);
  const pixels = Float32Array.from(uniform(`${prefix}image`, count, (u) => (u - 0.5) * 4 * factor));
  const images = tf.tidy(() => tf.tensor(pixels, shape).transpose([0, 2, 3, 1]).dataSync()) as Float32Array;
  const labels = uniform(`${prefix}label`, (size! * height! * width!) / 64, (u) => Math.floor(u * (CLASSES + 1)) - 1);
  const files = Array.from({ length: size! }, String);
  return { images, labels: Int32Array.from(labels), height: height!, width: width!, files };
}

function half(batch: TrainBatch, which: number): TrainBatch {
  const part = <T extends Float32Array | Int32Array>(values: T) =>
    values.slice((which * values.length) / 2, ((which + 1) * values.length) / 2) as T;
  const files = batch.files.slice((which * batch.files.length) / 2, ((which + 1) * batch.files.length) / 2);
  return { ...batch, images: part(batch.images), labels: part(batch.labels), files };
}

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
const sameBits = (a: Weights, b: Weights) =>
  a.length === b.length && a.every((values, i) => bytes(values).equals(bytes(b[i]!)));
const minus = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - b[i]!);

/** What holds of replicas that are launched in this way. */
export function describeReplicas(launcher: Launcher): void {
  describe(`Two replicas with half of the photos each, as ${launcher},`, () => {
    const flags = [{ key: "DATASET.num_class", value: CLASSES, origin: "" }];
    const { config } = loadConfig({ cfg: PAIR, flags });
    let parallel: DataParallel<Task, Weights>;
    /** The reference's made-up weights, and their names. */
    let made: Weights;
    const names: string[] = [];
    beforeAll(async () => {
      await startEngine("wasm");
      const trainer = await Trainer.create(config, async ({ encoder, decoder }) => {
        fillMadeUp(encoder, "encoder", tf.tensor);
        fillMadeUp(decoder, "decoder", tf.tensor);
      });
      const { encoder, decoder } = trainer;
      names.length = 0;
      for (const [part, model] of Object.entries({ encoder, decoder })) {
        names.push(...model.weights.map((weight) => `${part}.${pytorchName(weight)}`));
      }
      made = [encoder, decoder].flatMap(({ weights }) =>
        weights.map((weight) => weight.read().dataSync().slice() as Float32Array),
      );
      trainer.dispose();
      parallel = await DataParallel.launch<Task, Weights>({
        devices: [{ engine: "wasm" }, { engine: "wasm" }],
        module: new URL("fixtures/steps.ts", import.meta.url),
        options: config,
        launcher,
      });
    });
    afterAll(() => parallel?.dispose());

    const replicas = (batches: TrainBatch[], first?: Weights) =>
      // What the second one begins with is of no account.
      parallel.run(
        [0, 1].map((rank) => ({
          rate: RATE,
          batches: batches.map((batch) => half(batch, rank)),
          first: rank === 0 ? first : undefined,
        })),
      );

    it("move each weight by the reference's gradient of all photos", async () => {
      await expectNoComplaints(async (factor) => {
        const [first] = await replicas([batchOf(expected!.input, "", factor)], made);
        const gradients = new Map<string, Float64Array>();
        for (const [i, name] of names.entries()) {
          if (/running_(mean|var)$/.test(name)) continue;
          // w ← w − rate · (gradient + decay · w), the decay of filters only.
          const decay = expected!.gradients[name]?.shape.length === 4 ? config.TRAIN.weight_decay : 0;
          gradients.set(
            name,
            Float64Array.from(made[i]!, (value, k) => (value - first![i]![k]!) / RATE - decay * value),
          );
        }
        return gradientComplaints(gradients, expected!.gradients, TRAINING_BOUNDS);
      });
    });

    it("end with the same bits after several steps, and move the statistics by those of all photos", async () => {
      const batches = ["a", "b", "c"].map((key) => batchOf([4, 3, 32, 32], key));
      const [first, second] = await replicas(batches);
      expect(sameBits(first!, second!)).toBe(true);
      const [one] = await replicas(batches.slice(0, 1), made);
      const alone = await takeSteps(config, { batches: batches.slice(0, 1), rate: RATE, first: made }, single);
      for (const [i, name] of names.entries()) {
        if (!/running_(mean|var)$/.test(name)) continue;
        const moved = norm(minus(alone[i]!, made[i]!));
        expect(moved / norm(made[i]!), name).toBeGreaterThan(0.01);
        expect(norm(minus(one![i]!, alone[i]!)) / moved, name).toBeLessThan(1e-3);
      }
    });
  });
}

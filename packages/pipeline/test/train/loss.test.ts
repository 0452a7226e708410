import type { TrainBatch } from "@seg/ade20k-data";
import { describeEngines, norm, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { trainingLoss } from "../../src/train/loss.ts";
import { Trainer } from "../../src/train/trainer.ts";

const CLASSES = 3;
const WEIGHTS = [0.2, 1, 3];

function configOf(set: Record<string, unknown> = {}) {
  const plain = { "DATASET.num_class": CLASSES, "TRAIN.fix_bn": true, "TRAIN.beta1": 0, "TRAIN.weight_decay": 0 };
  const flags = Object.entries({ ...plain, ...set }).map(([key, value]) => ({ key, value, origin: "" }));
  return loadConfig({ cfg: "mobilenetv2dilated-c1_deepsup", flags }).config;
}

const SIDE = 24;
/** Photos of noise; the second one has almost no label. */
const photos: TrainBatch = {
  images: Float32Array.from(uniform("image", 2 * SIDE * SIDE * 3, (u) => (u - 0.5) * 4)),
  labels: Int32Array.from([0, 0, 1, 0, 0, -1, 0, 0, 1, -1, -1, -1, 2, -1, -1, -1, -1, 1]),
  height: SIDE,
  width: SIDE,
  files: ["a", "b"],
};
const half = (which: number): TrainBatch => {
  const part = <T extends Float32Array | Int32Array>(all: T) =>
    all.slice((which * all.length) / 2, ((which + 1) * all.length) / 2) as T;
  return { ...photos, images: part(photos.images), labels: part(photos.labels), files: [photos.files[which]!] };
};

/** By how much one update on these batches moves each weight; each batch weighs its share, as if of a replica of its own. */
async function step(set: Record<string, unknown>, batches: TrainBatch[], classWeights?: number[]) {
  const trainer = await Trainer.create(configOf(set), async () => {}, undefined, classWeights);
  const weights = () =>
    [trainer.encoder, trainer.decoder].flatMap((model) => model.trainableWeights.map((w) => w.read().dataSync()));
  const before = weights().map((values) => values.slice());
  const all = batches.map((batch) => trainer.weightOf(batch)).reduce((a, b) => a + b);
  let loss = 0;
  for (const batch of batches) {
    const share = trainer.weightOf(batch) / all;
    loss += share * (await trainer.add(batch, share)).loss;
  }
  trainer.update({ encoder: 0.1, decoder: 0.1 });
  const moved = weights().flatMap((values, i) => Array.from(values, (value, k) => value - before[i]![k]!));
  trainer.dispose();
  return { loss, moved };
}

const distance = (a: number[], b: number[]) => norm(a.map((value, i) => value - b[i]!)) / norm(b);

describeEngines("The loss of a training", () => {
  it.each<[string, number[] | undefined]>([
    ["ce", WEIGHTS],
    ["focal", undefined],
    ["2 ce + 0.5 focal", WEIGHTS],
  ])("%s with weights %j is the same over two replicas as over one that has all photos", async (loss, weights) => {
    const set = { "TRAIN.loss": loss, ...(weights && { "TRAIN.class_weights": weights }) };
    const whole = await step(set, [photos], weights);
    const parts = await step(set, [half(0), half(1)], weights);
    expect(parts.loss).toBeCloseTo(whole.loss, 4);
    expect(distance(parts.moved, whole.moved)).toBeLessThan(1e-4);
  });

  it("trains both of a network's scores, whichever it is", async () => {
    const rate = { "TRAIN.loss": "ohem + lovasz" };
    const { moved } = await step({ ...rate, "TRAIN.deep_sup_scale": 0 }, [photos]);
    const deep = await step({ ...rate, "TRAIN.deep_sup_scale": 0.4 }, [photos]);
    expect(norm(moved)).toBeGreaterThan(0);
    expect(distance(deep.moved, moved)).toBeGreaterThan(0.01);
  });

  it("is the sum of its terms, each times its coefficient", async () => {
    const scores = tf.tensor(Float32Array.from(uniform("scores", 4 * 4 * CLASSES, (u) => 4 * u)), [1, 4, 4, CLASSES]);
    const labels = tf.tensor3d(
      Int32Array.from(uniform("labels", 16, (u) => Math.floor(4 * u) - 1)),
      [1, 4, 4],
      "int32",
    );
    const of = (loss: string) =>
      tf.tidy(
        () =>
          trainingLoss(configOf({ "TRAIN.loss": loss }))
            .of(scores, labels)
            .dataSync()[0]!,
      );
    const [ce, dice, lovasz] = ["ce", "dice", "lovasz"].map(of);
    expect(of("ce + 0.5 dice + 2 lovasz")).toBeCloseTo(ce! + 0.5 * dice! + 2 * lovasz!, 5);
    tf.dispose([scores, labels]);
  });

  it("keeps so many hard pixels that they stand for the photo's pixels, of each photo", async () => {
    // One pixel of labels stands for 64: of two photos of 16, 2 · 128 / 64 = 4 are kept, the four with the lowest scores.
    const own = Array.from({ length: 32 }, (_, i) => 1 + i / 10);
    const scores = tf.tensor(
      own.flatMap((score) => [score, 0, -100]),
      [2, 4, 4, CLASSES],
    );
    const labels = tf.zeros<tf.Rank.R3>([2, 4, 4], "int32");
    const config = configOf({ "TRAIN.loss": "ohem", "TRAIN.ohem_min_kept": 128, "TRAIN.ohem_threshold": 0.1 });
    const value = tf.tidy(() => trainingLoss(config).of(scores, labels).dataSync()[0]!);
    const losses = own.slice(0, 4).map((score) => Math.log(1 + Math.exp(-score)));
    expect(value).toBeCloseTo(losses.reduce((a, b) => a + b) / 4, 5);
    tf.dispose([scores, labels]);
  });

  it("ignores a batch without labels, whatever the sum", async () => {
    const scores = tf.ones([1, 2, 2, CLASSES]);
    const labels = tf.fill([1, 2, 2], -1, "int32");
    const config = configOf({ "TRAIN.loss": "ce + ohem + focal + dice + lovasz" });
    const loss = trainingLoss(config);
    const value = tf.tidy(() => loss.of(scores, labels).dataSync()[0]!);
    expect(value).toBe(0);
    expect(loss.weightOf(Int32Array.of(-1, -1))).toBe(0);
    tf.dispose([scores, labels]);
  });
}, ["wasm", "tensorflow"]);

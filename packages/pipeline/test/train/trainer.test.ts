import type { TrainBatch } from "@seg/ade20k-data";
import {
  describeEngines,
  EVALUATION_BOUNDS,
  expectNoComplaints,
  fillMadeUp,
  gradientComplaints,
  lossBound,
  norm,
  pytorchName,
  type ReferenceGradient,
  reference,
  TRAINING_BOUNDS,
  uniform,
} from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Trainer } from "../../src/train/trainer.ts";

const RATES = { encoder: 0.02, decoder: 0.03 };

function configOf(set: Record<string, unknown> = {}, architecture = "mobilenetv2dilated-c1_deepsup") {
  const flags = Object.entries({ "DATASET.num_class": 3, ...set }).map(([key, value]) => ({ key, value, origin: "" }));
  return loadConfig({ cfg: architecture, flags }).config;
}

/** Photos of noise with labels of noise, a different one for each key. */
function batchOf(key: string, size: number, side = 16): TrainBatch {
  return {
    images: Float32Array.from(uniform(`${key}.image`, size * side * side * 3, (u) => (u - 0.5) * 4)),
    labels: Int32Array.from(uniform(`${key}.label`, size * (side / 8) ** 2, (u) => Math.floor(u * 3))),
    height: side,
    width: side,
    files: Array.from({ length: size }, (_, i) => `${key}-${i}`),
  };
}

const models = ({ encoder, decoder }: Trainer) => ({ encoder, decoder });

/** All weights by their PyTorch names, as they are now. */
const weightsOf = (trainer: Trainer): Weights =>
  new Map(
    Object.entries(models(trainer)).flatMap(([half, model]) =>
      model.weights.map(
        (weight) => [`${half}.${pytorchName(weight)}`, weight.read().dataSync() as Float32Array] as const,
      ),
    ),
  );

type Weights = Map<string, Float32Array>;

/** By how much each weight changed. */
const changes = (before: Weights, after: Weights): Weights =>
  new Map(Array.from(after, ([name, values]) => [name, values.map((value, i) => value - before.get(name)![i]!)]));

/** One update from the same first weights. */
async function step(set: Record<string, unknown>, batches: TrainBatch[], rates = RATES): Promise<Weights> {
  const trainer = await Trainer.create(configOf(set), async () => {});
  const before = weightsOf(trainer);
  for (const batch of batches) await trainer.add(batch);
  trainer.update(rates);
  const changed = changes(before, weightsOf(trainer));
  trainer.dispose();
  return changed;
}

const isStatistic = (name: string) => /running_(mean|var)$/.test(name);
const trained = (weights: Weights) => Array.from(weights).filter(([name]) => !isStatistic(name));
const normOf = (weights: Weights) => norm(trained(weights).flatMap(([, values]) => Array.from(values)));

const PLAIN = { "TRAIN.beta1": 0, "TRAIN.weight_decay": 0 };

describeEngines("A trainer", () => {
  it("adds up the gradients of several batches to those of all their photos", async () => {
    // With batch norm in evaluation mode, a photo's gradient does not depend on its batch.
    const frozen = { ...PLAIN, "TRAIN.fix_bn": true };
    const four = batchOf("a", 4);
    const half = (start: number): TrainBatch => ({
      ...four,
      images: four.images.slice((start * four.images.length) / 4, ((start + 2) * four.images.length) / 4),
      labels: four.labels.slice((start * four.labels.length) / 4, ((start + 2) * four.labels.length) / 4),
      files: four.files.slice(start, start + 2),
    });
    const whole = await step(frozen, [four]);
    const parts = await step({ ...frozen, "TRAIN.accumulate": 2 }, [half(0), half(2)]);
    const difference = changes(whole, parts);
    expect(normOf(whole)).toBeGreaterThan(0);
    expect(normOf(difference) / normOf(whole)).toBeLessThan(1e-5);
  });

  it("clips gradients together by their norm, and not at all unless asked to", async () => {
    const same = { encoder: 0.1, decoder: 0.1 };
    const free = await step(PLAIN, [batchOf("a", 2)], same);
    const clipped = await step({ ...PLAIN, "TRAIN.clip_norm": 0.01 }, [batchOf("a", 2)], same);
    expect(normOf(free)).toBeGreaterThan(0.1);
    expect(normOf(clipped) / (0.1 * 0.01)).toBeCloseTo(1, 2);
    // The direction stays.
    const scale = normOf(clipped) / normOf(free);
    const rest = trained(clipped).flatMap(([name, values]) =>
      Array.from(values, (value, i) => value - free.get(name)![i]! * scale),
    );
    expect(norm(rest) / normOf(clipped)).toBeLessThan(1e-2);
  });

  it("takes each half's own rate, and decays convolutions' weights only", async () => {
    const decaying = { ...PLAIN, "TRAIN.weight_decay": 0.5 };
    const rates = { encoder: 0.25, decoder: 0 };
    const trainer = await Trainer.create(configOf(decaying), async () => {});
    const before = weightsOf(trainer);
    const weights = Object.entries(models(trainer)).flatMap(([half, { weights }]) =>
      weights.map((weight) => [`${half}.${pytorchName(weight)}`, weight.shape.length] as const),
    );
    const rankOf = new Map<string, number>(weights);
    trainer.dispose();
    const withDecay = await step(decaying, [batchOf("a", 2)], rates);
    const without = await step(PLAIN, [batchOf("a", 2)], rates);
    for (const [name, values] of trained(withDecay)) {
      if (name.startsWith("decoder.")) expect(norm(values), name).toBe(0);
      else if (rankOf.get(name) !== 4) expect(values, name).toEqual(without.get(name));
    }
    // w ← w − rate · (g + decay · w), in the first convolution.
    const first = "encoder.features.0.0.weight";
    const decayed = withDecay.get(first)!.map((value, i) => value - without.get(first)![i]!);
    const expected = before.get(first)!.map((value) => -0.25 * 0.5 * value);
    expect(norm(decayed.map((value, i) => value - expected[i]!)) / norm(expected)).toBeLessThan(1e-4);
  });

  it("moves each weight by about the rate in Adam's first step", async () => {
    const moved = await step({ "TRAIN.optim": "Adam", "TRAIN.weight_decay": 0 }, [batchOf("a", 2)], {
      encoder: 1e-3,
      decoder: 1e-3,
    });
    const sizes = trained(moved)
      .flatMap(([, values]) => Array.from(values, Math.abs))
      .sort((a, b) => a - b);
    expect(sizes.at(-1)).toBeCloseTo(1e-3, 5);
    expect(sizes[sizes.length >> 1]).toBeCloseTo(1e-3, 5);
  });

  it("leaves statistics as they are with fix_bn, and trains the rest", async () => {
    const moved = await step({ "TRAIN.fix_bn": true }, [batchOf("a", 2)]);
    for (const [name, values] of moved) if (isStatistic(name)) expect(norm(values), name).toBe(0);
    expect(norm(moved.get("encoder.features.0.1.weight")!)).toBeGreaterThan(0);
    const free = await step({}, [batchOf("a", 2)]);
    expect(norm(free.get("encoder.features.0.1.running_mean")!)).toBeGreaterThan(0);
  });
}, ["wasm"]);

// Others need long for its convolution over the pyramid.
describeEngines("A trainer with dropout", () => {
  it("goes on from its state to the same bits, with dropout", async () => {
    const config = configOf({}, "mobilenetv2dilated-ppm_deepsup");
    const create = () => Trainer.create(config, async () => {});
    const learn = async (trainer: Trainer, key: string) => {
      const { loss } = await trainer.add(batchOf(key, 2));
      trainer.update(RATES);
      return loss;
    };
    const [first, second] = [await create(), await create()];
    for (const key of ["a", "b"]) await learn(first, key);
    for (const [half, model] of Object.entries(models(second))) {
      model.setWeights(models(first)[half as "encoder"].getWeights());
    }
    const moments = await first.moments();
    await second.restore(moments, first.progress);
    tf.dispose(moments);
    expect(await learn(second, "c")).toBe(await learn(first, "c"));
    expect(await learn(second, "d")).toBe(await learn(first, "d"));
    const expected = weightsOf(first);
    // Value by value, vitest would take minutes.
    for (const [name, values] of weightsOf(second)) {
      const same = Buffer.from(values.buffer).equals(Buffer.from(expected.get(name)!.buffer));
      expect(same, name).toBe(true);
    }
    first.dispose();
    second.dispose();
  });
}, ["tensorflow"]);

describeEngines("Memory", () => {
  // 200 in the campaign.
  const last = 20;
  it(`holds as many tensors after step ${last} as after step 10`, async () => {
    const trainer = await Trainer.create(configOf(), async () => {});
    const batch = batchOf("a", 2, 8);
    let after10 = 0;
    for (let i = 1; i <= last; i++) {
      await trainer.add({ ...batch, images: batch.images.slice() });
      trainer.update(RATES);
      if (i === 10) after10 = tf.memory().numTensors;
    }
    expect(after10).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(after10);
    trainer.dispose();
  });
}, ["wasm", "tensorflow"]);

/** A network's loss or losses and its gradients, in float64. */
interface Expected {
  input: [number, number, number, number];
  gradients: Record<string, ReferenceGradient>;
}

const NAME = "mobilenetv2dilated+c1_deepsup";
const CLASSES = 150;
const still = reference<Record<string, Expected & { loss: number }>>("gradients-eval.json")[NAME];
const training =
  reference<Record<string, Expected & Record<"loss_float64" | "loss_float32", number[]>>>("gradients.json")[NAME];

describe("The original's training", () => {
  const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

  /** The reference's image times `factor`, with its labels. */
  function referenceBatch([count, channels, height, width]: Expected["input"], factor: number): TrainBatch {
    const shape = [count, channels, height, width];
    const pixels = Float32Array.from(uniform("image", size(shape), (u) => (u - 0.5) * 4 * factor));
    const images = tf.tidy(() => tf.tensor(pixels, shape).transpose([0, 2, 3, 1]).dataSync()) as Float32Array;
    const labels = uniform("label", count * (height / 8) * (width / 8), (u) => Math.floor(u * (CLASSES + 1)) - 1);
    return { images, labels: Int32Array.from(labels), height, width, files: Array.from({ length: count }, String) };
  }

  /** Takes steps from the reference's made-up weights, with the rate and weight decay given: the losses, and the gradients that the first step moved the weights by. */
  async function steps(batch: TrainBatch, rates: number[], decay: number, set: Record<string, unknown> = {}) {
    const config = configOf({ "DATASET.num_class": CLASSES, "TRAIN.weight_decay": decay, ...set });
    const trainer = await Trainer.create(config, async ({ encoder, decoder }) => {
      fillMadeUp(encoder, "encoder", tf.tensor);
      fillMadeUp(decoder, "decoder", tf.tensor);
    });
    const before = weightsOf(trainer);
    const decays = new Set(
      Object.entries(models(trainer)).flatMap(([half, { weights }]) =>
        weights.filter(({ shape }) => shape.length === 4).map((weight) => `${half}.${pytorchName(weight)}`),
      ),
    );
    const losses: number[] = [];
    let moved: Weights | undefined;
    for (const rate of rates) {
      losses.push((await trainer.add(batch)).loss);
      trainer.update({ encoder: rate, decoder: rate });
      moved ??= changes(before, weightsOf(trainer));
    }
    trainer.dispose();
    // w ← w − rate · (gradient + decay · w)
    const gradientOf = (name: string, change: Float32Array) =>
      Float64Array.from(
        change,
        (value, i) => -value / rates[0]! - (decays.has(name) ? decay * before.get(name)![i]! : 0),
      );
    const gradients = trained(moved!).map(([name, change]) => [name, gradientOf(name, change)] as const);
    return { losses, gradients: new Map(gradients) };
  }

  describeEngines("A trainer", () => {
    it("moves each weight by the reference's gradient and decay with fix_bn", async () => {
      const { image, ...parameters } = still!.gradients;
      await expectNoComplaints(async (factor) => {
        // A rate at which these small gradients show in the last digits of the weights.
        const { losses, gradients } = await steps(referenceBatch(still!.input, factor), [100], 1e-4, {
          "TRAIN.fix_bn": true,
        });
        const complaints = gradientComplaints(gradients, parameters, EVALUATION_BOUNDS);
        return Math.abs(losses[0]! / still!.loss - 1) < 1e-5 ? complaints : [`the loss ${losses}`, ...complaints];
      });
    });

    it("takes three steps by the default settings with the reference's losses, the first one by its gradients", async () => {
      await expectNoComplaints(async (factor) => {
        const batch = referenceBatch(training!.input, factor);
        const { losses, gradients } = await steps(batch, [0.02, 0.02, 0.02], 1e-4);
        const { loss_float64, loss_float32 } = training!;
        const wrong = losses.filter(
          (loss, i) => !(Math.abs(loss - loss_float64[i]!) <= lossBound(loss_float64[i]!, loss_float32[i]!)),
        );
        return [
          ...wrong.map((loss) => `the loss ${loss} of ${losses}`),
          ...gradientComplaints(gradients, training!.gradients, TRAINING_BOUNDS),
        ];
      });
    });
  }, ["wasm", "tensorflow"]);
});

import type { TrainBatch } from "@seg/ade20k-data";
import { describeEngines, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { WeightAverage } from "../../src/train/weight-average.ts";

describeEngines("An average of weights", () => {
  const given = <T>(values: number[], use: (tensor: tf.Tensor) => T): T => {
    const tensor = tf.tensor1d(values);
    const result = use(tensor);
    tensor.dispose();
    return result;
  };
  const weightOf = (values: number[]) => given(values, (tensor) => new tf.LayerVariable(tensor));
  const write = (weight: tf.LayerVariable, values: number[]) => given(values, (tensor) => weight.write(tensor));

  it("is TensorFlow's ExponentialMovingAverage with num_updates", () => {
    const weight = weightOf([0]);
    const average = new WeightAverage([weight], 0.2);
    // tf.train.ExponentialMovingAverage(0.2, num_updates=n): the decay is 2/11, then 0.2.
    for (const [n, expected] of [9 / 11, (9 / 11) * 0.2 + 0.8, 0.2 * ((9 / 11) * 0.2 + 0.8) + 0.8].entries()) {
      write(weight, [1]);
      average.add(n + 1);
      average.exchange();
      expect(weight.read().dataSync()[0]).toBeCloseTo(expected, 6);
      average.exchange();
      expect(weight.read().dataSync()[0]).toBe(1);
    }
    average.dispose();
    weight.dispose();
  });

  it("begins with the weights as they are, and leaves them as they are", () => {
    const weights = [weightOf([3, -1]), weightOf([0.1])];
    const average = new WeightAverage(weights, 0.9);
    for (const [i, values] of [[5, 5], [7]].entries()) write(weights[i]!, values);
    average.exchange();
    expect(weights.map((weight) => [...weight.read().dataSync()])).toEqual([[3, -1], [Math.fround(0.1)]]);
    average.exchange();
    average.exchange();
    average.exchange();
    expect(weights.map((weight) => [...weight.read().dataSync()])).toEqual([[5, 5], [7]]);
    average.dispose();
    for (const weight of weights) weight.dispose();
  });
}, ["cpu", "wasm", "tensorflow"]);

/** Photos of noise with labels of noise. */
function batchOf(key: string, side = 16): TrainBatch {
  return {
    images: Float32Array.from(uniform(`${key}.image`, 2 * side * side * 3, (u) => (u - 0.5) * 4)),
    labels: Int32Array.from(uniform(`${key}.label`, 2 * (side / 8) ** 2, (u) => Math.floor(u * 3))),
    height: side,
    width: side,
    files: ["a", "b"],
  };
}

describeEngines("A trainer with TRAIN.ema_decay", () => {
  const configOf = (decay: number) =>
    loadConfig({
      cfg: "mobilenetv2dilated-c1_deepsup",
      flags: Object.entries({ "DATASET.num_class": 3, "TRAIN.ema_decay": decay }).map(([key, value]) => ({
        ...{ key, value, origin: "" },
      })),
    }).config;
  const weightsOf = ({ encoder, decoder }: Trainer) =>
    [encoder, decoder].flatMap(({ weights }) =>
      weights.map((weight) => weight.read().dataSync().slice() as Float32Array),
    );

  it("averages all weights and statistics, trains as without, shows and gives the averages, and frees them", async () => {
    const plain = await Trainer.create(configOf(0), async () => {});
    const averaging = await Trainer.create(configOf(0.25), async () => {});
    // In float64, from the weights that training without an average goes through.
    const expected = weightsOf(plain).map((values) => Float64Array.from(values));
    for (const [i, decay] of [2 / 11, 0.25, 0.25].entries()) {
      const batch = batchOf(String(i));
      for (const trainer of [plain, averaging]) {
        await trainer.add({ ...batch, images: batch.images.slice() });
        trainer.update({ encoder: 0.02, decoder: 0.02 });
      }
      for (const [k, values] of weightsOf(plain).entries()) {
        for (const [j, value] of values.entries()) expected[k]![j]! += (1 - decay) * (value - expected[k]![j]!);
      }
    }
    const same = (a: Float32Array[], b: Float32Array[]) =>
      a.every((values, k) => Buffer.from(values.buffer).equals(Buffer.from(b[k]!.buffer)));
    expect(same(weightsOf(averaging), weightsOf(plain))).toBe(true);

    const averages = await averaging.whileAveraged(() => weightsOf(averaging));
    const worst = averages.map((values, k) =>
      values.reduce((most, value, j) => Math.max(most, Math.abs(value - expected[k]![j]!) / (1 + Math.abs(value))), 0),
    );
    expect(Math.max(...worst)).toBeLessThan(1e-6);
    expect(same(weightsOf(averaging), weightsOf(plain))).toBe(true);

    const photo = { data: batchOf("x").images.slice(0, 16 * 16 * 3), shape: [1, 16, 16, 3] };
    const shown = await averaging.inference();
    const scores = (await shown.run(photo))[0]!.data;
    shown.dispose();
    const other = await averaging.whileAveraged(async () => {
      const network = await plain.inference();
      const scores = (await network.run(photo))[0]!.data;
      network.dispose();
      return scores;
    });
    expect(scores).not.toEqual(other);
    expect(averaging.bytes).toBeGreaterThan(plain.bytes);
    averaging.dispose();
    plain.dispose();
  });
}, ["wasm"]);

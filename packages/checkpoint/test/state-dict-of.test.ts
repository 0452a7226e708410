import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { loadWeights, readCheckpoint, stateDictOf, writePth } from "../src/index.ts";
import { temporaryFolder } from "./helpers/temporary.ts";

/** Each kind of layer, its numbers drawn at random. */
function build(): tf.LayersModel {
  const kernelInitializer = "glorotUniform";
  const random = tf.initializers.randomUniform({ minval: 0.5, maxval: 2 });
  const input = tf.input({ shape: [9, 9, 2] });
  const layers = [
    tf.layers.conv2d({ name: "a.0", filters: 3, kernelSize: [2, 3], kernelInitializer, biasInitializer: random }),
    tf.layers.batchNormalization({
      name: "a.1",
      gammaInitializer: random,
      betaInitializer: random,
      movingMeanInitializer: random,
      movingVarianceInitializer: random,
    }),
    tf.layers.depthwiseConv2d({
      name: "b",
      kernelSize: [3, 2],
      depthMultiplier: 2,
      depthwiseInitializer: kernelInitializer,
    }),
    tf.layers.conv2dTranspose({ name: "c", filters: 4, kernelSize: [2, 3], kernelInitializer }),
    tf.layers.flatten(),
    tf.layers.dense({ name: "d", units: 2, kernelInitializer }),
  ];
  const output = layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input as tf.SymbolicTensor);
  return tf.model({ inputs: input, outputs: output });
}

const SHAPES = {
  "a.0.weight": [3, 2, 2, 3],
  "a.0.bias": [3],
  "a.1.weight": [3],
  "a.1.bias": [3],
  "a.1.running_mean": [3],
  "a.1.running_var": [3],
  "b.weight": [6, 1, 3, 2],
  "b.bias": [6],
  // PyTorch's transposed convolution has its inputs first.
  "c.weight": [6, 4, 2, 3],
  "c.bias": [4],
  "d.weight": [2, 7 * 8 * 4],
  "d.bias": [2],
};

describe("stateDictOf", () => {
  it("gives PyTorch's names, shapes and order of axes", async () => {
    const model = build();
    const before = tf.memory().numTensors;
    const state = await stateDictOf(model);
    expect(tf.memory().numTensors).toBe(before);
    expect(Object.fromEntries([...state].map(([name, { shape }]) => [name, shape]))).toEqual(SHAPES);
    const { data } = state.get("a.0.weight")!;
    const kernel = model.getLayer("a.0").weights[0]!.read().arraySync() as number[][][][];
    for (let o = 0; o < 3; o++) {
      for (let i = 0; i < 2; i++) {
        for (let h = 0; h < 2; h++) {
          for (let w = 0; w < 3; w++) expect(data[((o * 2 + i) * 2 + h) * 3 + w]).toBe(kernel[h]![w]![i]![o]);
        }
      }
    }
    const depthwise = model.getLayer("b").weights[0]!.read().arraySync() as number[][][][];
    const out = state.get("b.weight")!.data;
    for (let c = 0; c < 3; c++)
      for (let m = 0; m < 2; m++) expect(out[(c * 2 + m) * 6 + 5]).toBe(depthwise[2]![1]![c]![m]);
    model.dispose();
  });

  it("through a .pth file makes another model compute the same", async () => {
    const [model, other] = [build(), build()];
    const path = join(temporaryFolder(), "x.pth");
    await writePth(path, await stateDictOf(model));
    loadWeights(other, await readCheckpoint(path));
    const x = tf.randomUniform([2, 9, 9, 2]);
    const [a, b] = [model, other].map((one) => (one.predict(x) as tf.Tensor).dataSync());
    expect([...a!]).toEqual([...b!]);
    expect(new Set(a).size).toBe(4);
    for (const disposable of [model, other, x]) disposable.dispose();
  });

  it("adds PyTorch's step counters on demand", async () => {
    const model = build();
    const state = await stateDictOf(model, { numBatchesTracked: 12 });
    expect(state.get("a.1.num_batches_tracked")).toEqual({
      name: "a.1.num_batches_tracked",
      dtype: "int64",
      shape: [],
      data: BigInt64Array.of(12n),
    });
    expect(state.size).toBe(Object.keys(SHAPES).length + 1);
    expect([...loadWeights(model, state).ignored]).toEqual(["a.1.num_batches_tracked"]);
    model.dispose();
  });
});

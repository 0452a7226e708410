import { conv2d, trainingModel } from "@seg/layers";
import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { attachGroup, batchNormalization } from "../src/index.ts";
import { replicas } from "./replicas.ts";
import { expectClose, madeUp, numbers, total } from "./values.ts";

/** Convolutions and batch norms with a residual; always the same weights. */
function network(): tf.LayersModel {
  const image = tf.input({ shape: [null, null, 2] });
  const block = (x: tf.SymbolicTensor, seed: number, residual?: tf.SymbolicTensor) => {
    const y = conv2d({ filters: 4, kernelSize: 3, padding: 1, useBias: false, seed }).apply(x) as tf.SymbolicTensor;
    const norm = batchNormalization({ epsMode: "add", activation: "relu" });
    return norm.apply(residual ? [y, residual] : y) as tf.SymbolicTensor;
  };
  const first = block(image, 1);
  return tf.model({ inputs: image, outputs: block(block(first, 2), 3, first) });
}

describeEngines("replicas of images of different sizes", () => {
  // [height, width] of each replica's images.
  const sizes = [
    [6, 5],
    [3, 8],
  ] as const;

  /** The loss of one replica's images, and the gradient of each weight. */
  function pass(model: tf.LayersModel, rank: number) {
    const [height, width] = sizes[rank]!;
    const x = madeUp(`x${rank}`, [2, 2, height, width], (u) => u * (rank + 1));
    const weights = madeUp(`g${rank}`, [2, 4, height, width]);
    const { loss, gradients } = trainingModel(model).gradients(x, ([y]) => y!.mul(weights).sum().asScalar());
    return { loss: numbers(loss)[0]!, gradients: Object.values(gradients).map(numbers) };
  }

  /** The derivative of the replicas' loss by one number of one weight, from two losses of all replicas. */
  function slope(weight: number, position: number, step = 1e-3): number {
    const [less, more] = [-step, step].map((change) => {
      const { results } = replicas(2, (group, rank) =>
        tf.tidy(() => {
          const model = network();
          attachGroup(model, group);
          const variable = model.trainableWeights[weight]!;
          const values = numbers(variable.read());
          values[position]! += change;
          variable.write(tf.tensor(values, variable.shape as number[]));
          const { loss } = pass(model, rank);
          model.dispose();
          return loss as never;
        }),
      ) as { results: number[] };
      return results.reduce((a, b) => a + b);
    }) as [number, number];
    return (more - less) / (2 * step);
  }

  it("have the gradients of finite differences in a training model, one exchange for each layer each way", () => {
    const { results, calls } = replicas(2, (group, rank) => {
      const model = network();
      expect(attachGroup(model, group)).toBe(3);
      const result = tf.tidy(() => pass(model, rank) as never) as ReturnType<typeof pass>;
      model.dispose();
      return result;
    });
    expect(calls).toEqual({ allGather: 3, allReduce: 3 });
    const gradients = total(results.map((result) => result.gradients.flat()));
    expect(gradients.some((value) => value === 0)).toBe(false);
    // The first filter, its γ and β, and the last filter.
    const picked: [number, number][] = [
      [0, 0],
      [0, 31],
      [1, 2],
      [2, 1],
      [6, 17],
    ];
    const offsets = results[0]!.gradients.map((_, i, all) => all.slice(0, i).flat().length);
    expectClose(
      picked.map(([weight, position]) => gradients[offsets[weight]! + position]!),
      picked.map(([weight, position]) => slope(weight, position)),
      2e-2,
    );
  });
});

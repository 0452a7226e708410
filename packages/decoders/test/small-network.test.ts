import { conv2d, GroupedOptimizer, sparseCrossEntropy, trainingModel } from "@seg/layers";
import { batchNormalization } from "@seg/sync-bn";
import { describeEveryEngine, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { buildDecoder } from "../src/index.ts";

/** What the networks are made of, small: a strided, a depthwise dilated and a pointwise convolution, with batch norms. */
function smallEncoder(): tf.LayersModel {
  const image = tf.input({ shape: [null, null, 3] });
  const norm = (x: unknown, activation?: "relu" | "relu6") =>
    batchNormalization(activation ? { activation } : {}).apply(x as tf.SymbolicTensor) as tf.SymbolicTensor;
  const conv = (x: tf.SymbolicTensor, options: Partial<Parameters<typeof conv2d>[0]>) =>
    conv2d({ filters: 16, kernelSize: 3, useBias: false, seed: 1, ...options }).apply(x);
  const stem = norm(conv(image, { filters: 8, strides: 2, padding: 1 }), "relu6");
  const wide = norm(conv(stem, { kernelSize: 1, seed: 2 }));
  const deep = norm([conv(wide, { padding: 2, dilations: 2, groups: 16, seed: 3 }), wide], "relu");
  return tf.model({ inputs: image, outputs: [wide, deep] });
}

const size = [2, 12, 16] as const;
const classes = 4;

describeEveryEngine("a small network in training", () => {
  it("has, in each of three steps, the slope along its gradient that its losses show, and a loss that falls", async () => {
    const [count, height, width] = size;
    const values = uniform("image", count * height * width * 3, (u) => (u - 0.5) * 4);
    const image = tf.tensor4d(Float32Array.from(values), [count, height, width, 3]);
    const classOf = uniform("label", (count * height * width) / 4, (u) => Math.floor(u * (classes + 1)) - 1);
    const labels = tf.tensor3d(Int32Array.from(classOf), [count, height / 2, width / 2], "int32");
    const encoder = smallEncoder();
    const features = [
      { channels: 16, stride: 2 },
      { channels: 16, stride: 2 },
    ] as const;
    const { model: decoder } = buildDecoder("c1_deepsup", features, { numClasses: classes, seed: 4 });
    const training = trainingModel([encoder, decoder]);
    const { variables } = training;
    const optimizer = new GroupedOptimizer([{ variables, learningRate: 0.02 }], { name: "sgd", momentum: 0.9 });
    const lossOf = ([scores, auxiliary]: tf.Tensor[]) =>
      sparseCrossEntropy(scores!, labels).add<tf.Scalar>(sparseCrossEntropy(auxiliary!, labels).mul(0.4));
    /** The loss where every variable has gone `step` times its gradient. */
    const lossAt = async (step: number, gradients: tf.NamedTensorMap) => {
      const before = variables.map((variable) => variable.clone());
      const loss = tf.tidy(() => {
        for (const variable of variables) variable.assign(variable.add(gradients[variable.name]!.mul(step)));
        const maps = encoder.apply(image, { training: true }) as tf.Tensor[];
        return lossOf(decoder.apply(maps, { training: true }) as tf.Tensor[]);
      });
      for (const [i, variable] of variables.entries()) variable.assign(before[i]!);
      const value = (await loss.data())[0]!;
      tf.dispose([loss, before]);
      return value;
    };
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { loss, gradients } = training.gradients(image, lossOf);
      losses.push((await loss.data())[0]!);
      const squares = tf.tidy(() => tf.addN(Object.values(gradients).map((gradient) => gradient.square().sum())));
      const slope = (await squares.data())[0]!;
      const step = 1e-3 / Math.sqrt(slope);
      const numeric = ((await lossAt(step, gradients)) - (await lossAt(-step, gradients))) / (2 * step);
      expect(Math.abs(numeric / slope - 1)).toBeLessThan(1e-2);
      optimizer.applyGradients(gradients);
      tf.dispose([loss, gradients, squares]);
    }
    expect(losses[1]).toBeLessThan(losses[0]!);
    expect(losses[2]).toBeLessThan(losses[1]!);
    optimizer.dispose();
    tf.dispose([image, labels]);
    encoder.dispose();
    decoder.dispose();
  });
});

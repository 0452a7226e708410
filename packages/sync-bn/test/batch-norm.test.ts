import { describeEveryEngine, expectSampled, reference, tidyAsync, unlessShared } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { type ActivationName, batchNormalization, batchNormTrain } from "../src/index.ts";
import { closeTo, inputsOf, madeUp, type ReferenceCase } from "./values.ts";

const cases = reference<ReferenceCase[]>("sync-bn.json")?.filter(({ output }) => output.length === 1);

describe.skipIf(!cases)(`the original's batch norm on one replica${unlessShared}`, () => {
  describeEveryEngine("outputs, gradients and running statistics", () => {
    for (const c of cases ?? []) {
      it(`of case ${c.name} are the reference's`, async () => {
        const layer = batchNormalization({ momentum: c.momentum, epsilon: c.eps, epsMode: c.eps_mode });
        await tidyAsync(async () => {
          const { x, dy: g, gamma, beta } = inputsOf(c, 0);
          const options = { epsilon: c.eps, epsMode: c.eps_mode };
          const { y, mean, variance } = batchNormTrain(x, gamma, beta, options);
          expectSampled(await y.data(), c.output[0]!, 1e-5);
          await closeTo(mean, c.mean);
          await closeTo(variance, c.unbiased_var);
          const loss = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
            batchNormTrain(x, gamma, beta, options).y.mul(g).sum().asScalar();
          const [dx, dGamma, dBeta] = tf.grads(loss)([x, gamma, beta]) as [tf.Tensor, tf.Tensor, tf.Tensor];
          expectSampled(await dx.data(), { ...c.grad_input[0]!, mean: 0 }, 1e-5);
          await closeTo(dGamma, c.grad_weight);
          await closeTo(dBeta, c.grad_bias);
          layer.apply(x, { training: true });
          const [, , runningMean, runningVariance] = layer.getWeights();
          await closeTo(runningMean!, c.running_mean);
          await closeTo(runningVariance!, c.running_var);
        });
        layer.dispose();
      });
    }
  });
});

/** Central differences of a scalar function. */
async function numericGradient(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, step = 1e-2): Promise<number[]> {
  const values = await x.data();
  const at = async (i: number, delta: number) => {
    const moved = Float32Array.from(values, (value, j) => (j === i ? value + delta : value));
    return (await f(tf.tensor(moved, x.shape)).data())[0]!;
  };
  const slopes: number[] = [];
  for (let i = 0; i < x.size; i++) slopes.push(((await at(i, step)) - (await at(i, -step))) / (2 * step));
  return slopes;
}

describeEveryEngine("a residual and an activation in the same pass", () => {
  for (const activation of ["relu", "relu6"] as ActivationName[]) {
    it(`has the gradient of finite differences with ${activation}`, async () => {
      await tidyAsync(async () => {
        const x = madeUp("x", [3, 4], (u) => u * 4);
        const residual = madeUp("r", [3, 4], (u) => (u - 0.5) * 9);
        const gamma = madeUp("w", [4], (u) => u + 2);
        const beta = madeUp("b", [4], (u) => u);
        const g = madeUp("g", [3, 4], (u) => u - 0.5);
        const loss = (x: tf.Tensor, residual: tf.Tensor) =>
          batchNormTrain(x, gamma, beta, { residual, activation }).y.mul(g).sum();
        const [dx, dResidual] = tf.grads((x: tf.Tensor, r: tf.Tensor) => loss(x, r).asScalar())([x, residual]) as [
          tf.Tensor,
          tf.Tensor,
        ];
        await closeTo(dx, await numericGradient((v) => loss(v, residual), x), 2e-2);
        await closeTo(dResidual, await numericGradient((v) => loss(x, v), residual), 2e-2);
      });
    });
  }

  it("is what separate operations give, in training and at inference", async () => {
    const layer = batchNormalization({ activation: "relu", momentum: 0.3 });
    const plain = batchNormalization({ momentum: 0.3 });
    await tidyAsync(async () => {
      const x = madeUp("x", [2, 3, 4, 5], (u) => u * 3);
      const residual = madeUp("r", [2, 3, 4, 5], (u) => u - 0.5);
      for (const training of [true, false]) {
        const fused = layer.apply([x, residual], { training }) as tf.Tensor;
        const separate = (plain.apply(x, { training }) as tf.Tensor).add(residual).relu();
        await closeTo(fused, Array.from(await separate.data()));
      }
      const { scale, offset } = plain.asAffine();
      await closeTo(x.mul(scale).add(offset), Array.from(await (plain.apply(x) as tf.Tensor).data()));
    });
    layer.dispose();
    plain.dispose();
  });

  it("does not touch frozen statistics", async () => {
    const layer = batchNormalization({ frozen: true });
    await tidyAsync(async () => {
      const x = madeUp("x", [2, 3], (u) => u * 3);
      await closeTo(
        layer.apply(x, { training: true }) as tf.Tensor,
        Array.from(await (layer.apply(x) as tf.Tensor).data()),
      );
      await closeTo(layer.getWeights()[3]!, [1, 1, 1]);
    });
    layer.dispose();
  });
});

describe("wrong use", () => {
  it("names what was expected", () => {
    expect(() => batchNormalization({ momentum: 2 })).toThrow(/momentum in \[0, 1\].*received 2/);
    expect(() => batchNormTrain(tf.ones([1, 4]), tf.ones([4]), tf.zeros([4]))).toThrow(
      /more than one value per channel/,
    );
  });
});

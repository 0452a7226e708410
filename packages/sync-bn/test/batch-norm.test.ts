import { describeEngines, describeEveryEngine, expectSampled, reference, tidyAsync, unlessShared } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { type ActivationName, batchNormalization, batchNormTrain } from "../src/index.ts";
import { close, closeTo, inputsOf, madeUp, type ReferenceCase } from "./values.ts";

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

/** Central differences of a scalar function, on the plain JavaScript engine's float32 tensors. */
function numericGradient(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, step = 1e-2): number[] {
  const values = x.dataSync();
  return Array.from(values, (_, i) => {
    const at = (delta: number) =>
      tf.tidy(
        () =>
          f(
            tf.tensor(
              Float32Array.from(values, (v, j) => (j === i ? v + delta : v)),
              x.shape,
            ),
          ).dataSync()[0]!,
      );
    return (at(step) - at(-step)) / (2 * step);
  });
}

describeEngines("a residual and an activation in the same pass", () => {
  for (const activation of ["relu", "relu6"] as ActivationName[]) {
    it(`has the gradient of finite differences with ${activation}`, () => {
      tf.tidy(() => {
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
        close(
          dx,
          numericGradient((v) => loss(v, residual), x),
          2e-2,
        );
        close(
          dResidual,
          numericGradient((v) => loss(x, v), residual),
          2e-2,
        );
      });
    });
  }

  it("is what separate operations give, in training and at inference", () => {
    const layer = batchNormalization({ activation: "relu", momentum: 0.3 });
    const plain = batchNormalization({ momentum: 0.3 });
    tf.tidy(() => {
      const x = madeUp("x", [2, 3, 4, 5], (u) => u * 3);
      const residual = madeUp("r", [2, 3, 4, 5], (u) => u - 0.5);
      for (const training of [true, false]) {
        const fused = layer.apply([x, residual], { training }) as tf.Tensor;
        const separate = (plain.apply(x, { training }) as tf.Tensor).add(residual).relu();
        close(fused, Array.from(separate.dataSync()));
      }
      const { scale, offset } = plain.asAffine();
      close(x.mul(scale).add(offset), Array.from((plain.apply(x) as tf.Tensor).dataSync()));
    });
    layer.dispose();
    plain.dispose();
  });

  it("does not touch frozen statistics", () => {
    const layer = batchNormalization({ frozen: true });
    tf.tidy(() => {
      const x = madeUp("x", [2, 3], (u) => u * 3);
      close(layer.apply(x, { training: true }) as tf.Tensor, Array.from((layer.apply(x) as tf.Tensor).dataSync()));
      close(layer.getWeights()[3]!, [1, 1, 1]);
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

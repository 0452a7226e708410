import { describeEngines, describeEveryEngine, expectSampled, reference, tidyAsync } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { BatchNormalization, batchNormalization, batchNormTrain } from "../src/index.ts";
import { expectSlow, problem } from "./oracle.ts";
import { passOfPart } from "./pass.ts";
import { close, closeTo, inputsOf, madeUp, type ReferenceCase } from "./values.ts";

const cases = reference<ReferenceCase[]>("sync-bn.json").filter(({ output }) => output.length === 1);

describe("the original's batch norm on one replica", () => {
  describeEveryEngine("outputs, gradients and running statistics", () => {
    for (const c of cases) {
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

describeEngines("a residual and an activation in the same pass", () => {
  for (const epsMode of ["add", "max"] as const) {
    for (const activation of [undefined, "relu", "relu6"] as const) {
      for (const epsilon of [1e-5, 1e-3]) {
        it(`give what plain loops in float64 give, with ${activation ?? "no activation"} and eps ${epsilon} by ${epsMode}`, () => {
          const whole = problem([12]);
          const options = { epsMode, epsilon, activation };
          const result = passOfPart(whole.parts[0]!, whole, [3, 4, whole.gamma.length], options);
          expectSlow([result], whole, options);
        });
      }
    }
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
  const refused = (data: object, code = "option") =>
    expect.objectContaining({ code, data: expect.objectContaining(data) });

  it("of an option is refused, with the nearest name", () => {
    for (const [args, option, nearest] of [
      [{ eps: 1e-3 }, "eps", "epsilon"],
      [{ gammaInitialiser: "ones" }, "gammaInitialiser", "gammaInitializer"],
      [{ virtualBatchSize: 4 }, "virtualBatchSize", undefined],
      [{ activation: "swish" }, "activation", undefined],
      [{ activation: "Relu" }, "activation", "relu"],
      [{ epsMode: "ad" }, "epsMode", "add"],
      [{ runningAverage: "debias" }, "runningAverage", "debiased"],
      [{ betaInitializer: "zeroes" }, "betaInitializer", "zeros"],
    ] as const) {
      expect(() => batchNormalization(args as object)).toThrow(refused({ option, nearest }));
    }
    for (const [option, received] of [
      ["momentum", 2],
      ["momentum", -0.1],
      ["epsilon", 0],
      ["momentum", "0.1"],
      ["epsilon", "1e-5"],
    ] as const) {
      expect(() => batchNormalization({ [option]: received })).toThrow(refused({ option, received }));
    }
  });

  it("of TF.js's momentum is refused with the one that is meant, unless the class itself is used", () => {
    expect(() => batchNormalization({ momentum: 0.99 })).toThrow(refused({ option: "momentum", received: 0.99 }));
    expect(() => batchNormalization({ momentum: 0.99 })).toThrow("write 0.01 for tf.layers' momentum 0.99");
    expect(new BatchNormalization({ momentum: 0.99 }).momentum).toBe(0.99);
  });

  it("of inputs is refused: three of them, other channels than before, a residual of another shape", () => {
    const map = (...shape: number[]) => tf.input({ shape });
    const used = batchNormalization();
    used.apply(map(4, 4, 2));
    for (const [layer, inputs] of [
      [batchNormalization(), [map(4, 2), map(4, 2), map(4, 2)]],
      [used, map(4, 4, 1)],
      [batchNormalization(), [map(4, 4, 2), map(1, 1, 2)]],
    ] as const) {
      expect(() => layer.apply(inputs as tf.SymbolicTensor)).toThrow(refused({ option: "inputs" }));
    }
  });

  it("of another axis than the last, or of too few values, names what came", () => {
    tf.tidy(() => {
      const x = tf.ones([1, 4]);
      expect(() => batchNormalization({ axis: 0 }).apply(x)).toThrow(refused({ option: "axis", received: 0 }));
      for (const axis of [-1, 1]) expect((batchNormalization({ axis }).apply(x) as tf.Tensor).shape).toEqual([1, 4]);
      expect(() => batchNormTrain(x, tf.ones([4]), tf.zeros([4]))).toThrow(refused({ received: [1, 4] }, "shape"));
      const train = (options: object) => () => batchNormTrain(tf.ones([3, 4]), tf.ones([4]), tf.zeros([4]), options);
      expect(train({ eps: 1 })).toThrow(refused({ option: "eps", nearest: "epsilon" }));
      expect(train({ epsMode: "Max" })).toThrow(refused({ option: "epsMode", nearest: "max" }));
      expect(train({ epsilon: -1 })).toThrow(refused({ option: "epsilon", received: -1 }));
      expect(() => batchNormTrain(tf.ones([4]), tf.ones([4]), tf.zeros([4]))).toThrow(
        refused({ received: [4] }, "shape"),
      );
    });
  });
});

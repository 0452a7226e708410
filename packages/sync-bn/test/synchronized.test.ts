import { describeEngines, expectSampled, reference, unlessShared } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import {
  type ActivationName,
  type BatchNormalization,
  type BatchNormalizationOptions,
  type BatchNormTrainOptions,
  batchNormalization,
  batchNormTrain,
} from "../src/index.ts";
import { type Calls, replicas } from "./replicas.ts";
import { close, expectClose, inputsOf, madeUp, numbers, type ReferenceCase, total } from "./values.ts";

const ONE_EACH: Calls = { allGather: 1, allReduce: 1 };

/** Gives `use` a layer and frees it, also where the replica leaves to wait for others. */
function withLayer<T>(options: BatchNormalizationOptions, use: (layer: BatchNormalization) => T): T {
  const layer = batchNormalization(options);
  try {
    return tf.tidy(() => use(layer) as tf.TensorContainer) as T;
  } finally {
    layer.dispose();
  }
}

/** Output, gradients and statistics of one replica, as numbers. */
function run(inputs: Record<"x" | "dy" | "gamma" | "beta", tf.Tensor>, options: BatchNormTrainOptions) {
  const { x, dy, gamma, beta } = inputs;
  let parts: tf.Tensor[] = [];
  const loss = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, residual?: tf.Tensor) => {
    const { y, mean, variance } = batchNormTrain(x, gamma, beta, { ...options, ...(residual && { residual }) });
    parts = [y, mean, variance].map((tensor) => tf.keep(tensor));
    return y.mul(dy).sum().asScalar();
  };
  try {
    const values = [x, gamma, beta, ...(options.residual ? [options.residual] : [])];
    const gradients = tf.grads(loss)(values).map(numbers);
    const [y, mean, variance] = parts.map(numbers) as [number[], number[], number[]];
    const [dx, dGamma, dBeta, dResidual] = gradients as [number[], number[], number[], number[]?];
    return { y, mean, variance, dx, dGamma, dBeta, dResidual };
  } finally {
    tf.dispose(parts);
  }
}

const cases = reference<ReferenceCase[]>("sync-bn.json")?.filter(({ output }) => output.length > 1);

describe.skipIf(!cases)(`the original's synchronized batch norm${unlessShared}`, () => {
  describeEngines("outputs, gradients and running statistics", () => {
    for (const c of cases ?? []) {
      const size = c.output.length;
      // Of two or more replicas "max" is what the layer does unless told otherwise.
      const epsMode = c.eps_mode === "add" ? { epsMode: "add" as const } : {};

      it(`of case ${c.name} are the reference's, from one all-gather forward and one all-reduce backward`, () => {
        const { results, calls } = replicas(size, (group, rank) =>
          tf.tidy(() => run(inputsOf(c, rank), { epsilon: c.eps, ...epsMode, group }) as never),
        ) as { results: ReturnType<typeof run>[]; calls: Calls };
        expect(calls).toEqual(ONE_EACH);
        for (const [rank, { y, mean, variance, dx }] of results.entries()) {
          expectSampled(y, c.output[rank]!, 1e-5);
          expectClose(mean, c.mean);
          expectClose(variance, c.unbiased_var);
          expectSampled(dx, c.grad_input[rank]!, 1e-5);
        }
        expectClose(total(results.map(({ dGamma }) => dGamma)), c.grad_weight);
        expectClose(total(results.map(({ dBeta }) => dBeta)), c.grad_bias);
      });

      it(`of case ${c.name} end up in the layer, the same bits on every replica`, () => {
        const { results } = replicas(size, (group, rank) =>
          withLayer({ momentum: c.momentum, epsilon: c.eps, ...epsMode }, (layer) => {
            layer.group = group;
            layer.apply(inputsOf(c, rank).x, { training: true });
            return layer.getWeights().slice(2).map(numbers);
          }),
        );
        for (const [mean, variance] of results) {
          expectClose(mean!, c.running_mean);
          expectClose(variance!, c.running_var);
        }
        for (const other of results) expect(other).toEqual(results[0]);
      });
    }
  });
});

describeEngines("replicas of unequal sizes", () => {
  const heights = [3, 1, 4];

  for (const [activation, epsMode] of [
    ["relu", "add"],
    ["relu6", "add"],
    [undefined, "add"],
  ] as [ActivationName | undefined, "add"][]) {
    it(`are one replica with the concatenation, with a residual and ${activation ?? "no activation"}`, () => {
      tf.tidy(() => {
        const parts = heights.map((height, rank) => ({
          x: madeUp(`x${rank}`, [2, height, 5], (u) => u * 3 + rank),
          dy: madeUp(`g${rank}`, [2, height, 5]),
          residual: madeUp(`r${rank}`, [2, height, 5], (u) => (u - 0.5) * 9),
        }));
        const gamma = madeUp("w", [5], (u) => u + 1);
        const beta = madeUp("b", [5], (u) => u);
        const whole = (name: "x" | "dy" | "residual") =>
          tf.concat(
            parts.map((part) => part[name]),
            1,
          );
        const options = { activation, epsMode };
        const one = run({ x: whole("x"), dy: whole("dy"), gamma, beta }, { ...options, residual: whole("residual") });
        const { results, calls } = replicas(3, (group, rank) =>
          tf.tidy(() => {
            const { residual, ...inputs } = parts[rank]!;
            return run({ ...inputs, gamma, beta }, { ...options, residual, group }) as never;
          }),
        ) as { results: ReturnType<typeof run>[]; calls: Calls };
        expect(calls).toEqual(ONE_EACH);
        for (const name of ["y", "dx", "dResidual"] as const) {
          const pieces = results.map((result, rank) => tf.tensor3d(result[name]!, [2, heights[rank]!, 5]));
          close(tf.concat(pieces, 1), one[name]!);
        }
        for (const name of ["dGamma", "dBeta"] as const) {
          expectClose(total(results.map((result) => result[name])), one[name]);
        }
        for (const result of results) {
          expectClose(result.mean, one.mean);
          expectClose(result.variance, one.variance);
        }
      });
    });
  }

  it("may have an empty batch: it gets the others' statistics, and gives gradients of zero", () => {
    tf.tidy(() => {
      const full = { x: madeUp("x", [4, 5, 3]), dy: madeUp("g", [4, 5, 3]) };
      const shared = { gamma: madeUp("w", [3], (u) => u + 1), beta: madeUp("b", [3]) };
      const empty = { x: tf.zeros([0, 7, 3]), dy: tf.zeros([0, 7, 3]) };
      const options = { epsMode: "add", activation: "relu" } as const;
      const one = run({ ...full, ...shared }, options);
      const { results } = replicas(2, (group, rank) =>
        tf.tidy(() => run({ ...(rank === 0 ? empty : full), ...shared }, { ...options, group }) as never),
      ) as { results: ReturnType<typeof run>[] };
      const [first, second] = results as [ReturnType<typeof run>, ReturnType<typeof run>];
      expect([first.y, first.dx]).toEqual([[], []]);
      expect([...first.dGamma, ...first.dBeta].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
      expectClose(first.mean, one.mean);
      expectClose(first.variance, one.variance);
      for (const name of ["y", "dx", "dGamma", "dBeta"] as const) expectClose(second[name], one[name]);
    });
  });
});

import { describeEngines, expectSampled, reference } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { type BatchNormalization, type BatchNormalizationLayerArgs, batchNormalization } from "../src/index.ts";
import { expectSlow, problem } from "./oracle.ts";
import { type Pass, pass, passOfPart } from "./pass.ts";
import { type Calls, replicas } from "./replicas.ts";
import { expectClose, inputsOf, madeUp, numbers, type ReferenceCase, total } from "./values.ts";

const ONE_EACH: Calls = { allGather: 1, allReduce: 1 };

/** Gives `use` a layer and frees it, also where the replica leaves to wait for others. */
function withLayer<T>(options: BatchNormalizationLayerArgs, use: (layer: BatchNormalization) => T): T {
  const layer = batchNormalization(options);
  try {
    return tf.tidy(() => use(layer) as tf.TensorContainer) as T;
  } finally {
    layer.dispose();
  }
}

const cases = reference<ReferenceCase[]>("sync-bn.json").filter(({ output }) => output.length > 1);

describe("the original's synchronized batch norm", () => {
  describeEngines("outputs, gradients and running statistics", () => {
    for (const c of cases) {
      const size = c.output.length;
      // Of two or more replicas "max" is what the layer does unless told otherwise.
      const epsMode = c.eps_mode === "add" ? { epsMode: "add" as const } : {};

      it(`of case ${c.name} are the reference's, from one all-gather forward and one all-reduce backward`, () => {
        const { results, calls } = replicas(size, (group, rank) =>
          tf.tidy(() => pass(inputsOf(c, rank), { epsilon: c.eps, ...epsMode, group }) as never),
        ) as { results: Pass[]; calls: Calls };
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

  for (const epsMode of ["add", "max"] as const) {
    for (const activation of [undefined, "relu", "relu6"] as const) {
      for (const epsilon of [1e-5, 1e-3]) {
        it(`give what plain loops in float64 give, with a residual, ${activation ?? "no activation"} and eps ${epsilon} by ${epsMode}`, () => {
          const whole = problem(heights.map((height) => 2 * height));
          const options = { epsMode, epsilon, activation };
          const { results, calls } = replicas(3, (group, rank) =>
            passOfPart(whole.parts[rank]!, whole, [2, heights[rank]!, whole.gamma.length], { ...options, group }),
          );
          expect(calls).toEqual(ONE_EACH);
          expectSlow(results, whole, options);
        });
      }
    }
  }

  it("may have an empty batch: it gets the others' statistics, and gives gradients of zero", () => {
    tf.tidy(() => {
      const full = { x: madeUp("x", [4, 5, 3]), dy: madeUp("g", [4, 5, 3]) };
      const shared = { gamma: madeUp("w", [3], (u) => u + 1), beta: madeUp("b", [3]) };
      const empty = { x: tf.zeros([0, 7, 3]), dy: tf.zeros([0, 7, 3]) };
      const options = { epsMode: "add", activation: "relu" } as const;
      const one = pass({ ...full, ...shared }, options);
      const { results } = replicas(2, (group, rank) =>
        tf.tidy(() => pass({ ...(rank === 0 ? empty : full), ...shared }, { ...options, group }) as never),
      ) as { results: Pass[] };
      const [first, second] = results as [Pass, Pass];
      expect([first.y, first.dx]).toEqual([[], []]);
      expect([...first.dGamma, ...first.dBeta].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
      expectClose(first.mean, one.mean);
      expectClose(first.variance, one.variance);
      for (const name of ["y", "dx", "dGamma", "dBeta"] as const) expectClose(second[name], one[name]);
    });
  });
});

import { expect } from "vitest";
import type { BatchNormTrainOptions } from "../src/index.ts";
import type { Pass } from "./pass.ts";
import { expectClose, madeUp, numbers } from "./values.ts";

/** What one replica normalizes, and what its output's gradient is: `[values, channels]` each, as plain numbers. */
export type Part = Record<"x" | "dy" | "residual", number[]>;

/** Batch norm as {@link slowBatchNorm} takes it. */
export interface Problem {
  parts: Part[];
  gamma: number[];
  beta: number[];
}

/** By how much a channel's values are spread: among them none at all, and variances just below an eps of 1e-5 and of 1e-3. */
const SPREADS = [1, 2e-3, 0, 2, 2e-2];

/** Made-up inputs of replicas with so many values a channel each. */
export function problem(counts: number[]): Problem {
  const channels = SPREADS.length;
  const made = (key: string, count: number, map: (u: number) => number) => {
    const tensor = madeUp(key, [count], map);
    const values = numbers(tensor);
    tensor.dispose();
    return values;
  };
  const parts = counts.map((count, rank) => {
    const size = count * channels;
    const spread = made(`x${rank}`, size, (u) => u * 3 + rank);
    return {
      x: spread.map((value, i) => Math.fround(value * SPREADS[i % channels]!)),
      dy: made(`g${rank}`, size, (u) => u - 0.5),
      residual: made(`r${rank}`, size, (u) => (u - 0.5) * 9),
    };
  });
  return { parts, gamma: made("w", channels, (u) => u + 1), beta: made("b", channels, (u) => u) };
}

const STEP = 1e-6;

/**
 * Batch norm over all replicas in plain loops and float64. The gradients, those of Σ y·dy, are central differences, so that
 * nothing of how the code under test derives them is used.
 *
 * @returns What each replica is to get; the gradients of γ and β are the sums over all replicas.
 */
function slowBatchNorm({ parts, gamma, beta }: Problem, options: BatchNormTrainOptions) {
  const { epsilon = 1e-5, epsMode, activation } = options;
  const channels = gamma.length;
  const statistics = () => {
    const all = parts.flatMap(({ x }) => x);
    const count = all.length / channels;
    const mean = gamma.map(() => 0);
    const squares = gamma.map(() => 0);
    for (const [i, value] of all.entries()) mean[i % channels]! += value / count;
    for (const [i, value] of all.entries()) squares[i % channels]! += (value - mean[i % channels]!) ** 2;
    return { count, mean, squares };
  };
  const outputs = () => {
    const { count, mean, squares } = statistics();
    const deviation = squares.map((sum) => {
      const variance = sum / count;
      return Math.sqrt(epsMode === "max" ? Math.max(variance, epsilon) : variance + epsilon);
    });
    return parts.map(({ x, residual }) =>
      x.map((value, i) => {
        const c = i % channels;
        const y = ((value - mean[c]!) / deviation[c]!) * gamma[c]! + beta[c]! + residual[i]!;
        return activation ? Math.min(Math.max(y, 0), activation === "relu6" ? 6 : Number.POSITIVE_INFINITY) : y;
      }),
    );
  };
  const loss = () =>
    outputs().reduce((sum, y, rank) => sum + y.reduce((own, value, i) => own + value * parts[rank]!.dy[i]!, 0), 0);
  const gradient = (values: number[]) =>
    Array.from(values, (value, i) => {
      const at = (moved: number) => {
        values[i] = moved;
        return loss();
      };
      const slope = (at(value + STEP) - at(value - STEP)) / (2 * STEP);
      values[i] = value;
      return slope;
    });
  const { count, mean, squares } = statistics();
  return {
    y: outputs(),
    mean,
    variance: squares.map((sum) => sum / (count - 1)),
    dx: parts.map(({ x }) => gradient(x)),
    dResidual: parts.map(({ residual }) => gradient(residual)),
    dGamma: gradient(gamma),
    dBeta: gradient(beta),
  };
}

/**
 * Expects what replicas got to be what {@link slowBatchNorm} gives, channel by channel: the gradients of one with a small variance
 * dwarf the others'.
 */
export function expectSlow(results: Pass[], problem: Problem, options: BatchNormTrainOptions): void {
  const expected = slowBatchNorm(problem, options);
  const channels = expected.mean.length;
  for (let c = 0; c < channels; c++) {
    const all = (replicas: number[][]) => replicas.flatMap((values) => values.filter((_, i) => i % channels === c));
    for (const name of ["y", "dx", "dResidual"] as const) {
      expectClose(all(results.map((result) => result[name]!)), all(expected[name]), 1e-5, `${name} of channel ${c}`);
    }
    // Sums that may nearly cancel.
    const scale = all(problem.parts.map(({ dy }) => dy)).reduce((sum, value) => sum + Math.abs(value), 0);
    for (const name of ["dGamma", "dBeta"] as const) {
      const sum = results.reduce((sum, result) => sum + result[name][c]!, 0);
      expect(Math.abs(sum - expected[name][c]!) / scale, `${name} of channel ${c}`).toBeLessThan(1e-5);
    }
    for (const { mean, variance } of results) {
      expectClose([mean[c]!], [expected.mean[c]!], 1e-5, `mean of channel ${c}`);
      expectClose([variance[c]!], [expected.variance[c]!], 1e-5, `variance of channel ${c}`);
    }
  }
}

import { expect } from "vitest";
import { nchwIndexToNhwc } from "./sampled.ts";

/** The gradient of one tensor in the reference, computed in float64. */
export interface ReferenceGradient {
  /** Of an image NCHW, of a filter OIHW. */
  shape: number[];
  /** Euclidean. */
  norm: number;
  /** What PyTorch's own float32 makes of it is off by this: the norm of the difference over `norm`. */
  float32_error: number;
  /** Flat positions of the samples. */
  index: number[];
  value: number[];
}

/** The flat position in an HWIO filter of flat OIHW position `index`; tensors of other ranks keep their order. */
function oihwIndexToHwio(index: number, shape: readonly number[]): number {
  if (shape.length !== 4) return index;
  const [o, i, h, w] = shape as [number, number, number, number];
  const area = h * w;
  return ((index % area) * i + (Math.floor(index / area) % i)) * o + Math.floor(index / (area * i));
}

/**
 * The relative error of a gradient, as far as norm and samples tell: the larger of the norm's own error and of the samples' distance
 * over their norm. Samples that are small beside the rest of the tensor are held to the size of the rest.
 */
function errorOf(name: string, actual: ArrayLike<number>, expected: ReferenceGradient): number {
  const { shape, index, value } = expected;
  const toOwn = name === "image" ? nchwIndexToNhwc : oihwIndexToHwio;
  const usual = expected.norm * Math.sqrt(index.length / actual.length);
  const distance = norm(index.map((at, k) => actual[toOwn(at, shape)]! - value[k]!));
  return Math.max(Math.abs(norm(actual) / expected.norm - 1), distance / Math.max(norm(value), usual));
}

/** The Euclidean norm, in float64. */
export function norm(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  return Math.sqrt(squares);
}

/** How far gradients may be from the reference, in relative errors. */
export interface GradientBounds {
  /** Each parameter: this times what PyTorch's float32 is off by … */
  times: number;
  /** … plus this, … */
  floor: number;
  /** … but no more than this, so that a gradient of zero, of another layer or of the wrong sign fails however ill-conditioned it is. */
  most: number;
  /** The median of a network's parameters, in the same way. */
  median: Pick<GradientBounds, "times" | "floor">;
}

/** In evaluation mode, with running statistics and without dropout: well-conditioned. */
export const EVALUATION_BOUNDS: GradientBounds = {
  times: 3,
  floor: 0.01,
  most: 0.03,
  median: { times: 0, floor: 0.003 },
};

/** With the batch's own statistics, two values in a pyramid's one cell among them: PyTorch's float32 is off by up to 0.14. */
export const TRAINING_BOUNDS: GradientBounds = { times: 8, floor: 0.02, most: 0.95, median: { times: 5, floor: 0.01 } };

/** How far a training step's loss may be from float64's: a multiple of PyTorch's float32's own distance, which is one draw of many. */
export const lossBound = (float64: number, float32: number) => 6 * Math.abs(float32 - float64) + 0.001;

/** What is nothing but rounding where the true gradient is zero, as a share of the network's largest gradient. */
const ROUNDING = 1e-6;

/**
 * Compares gradients with the reference, one by one.
 *
 * @param actual - By the reference's names; filters HWIO, `image` NHWC.
 * @returns A line for each that is beyond its bound, with its name, error and bound; none where all are right.
 */
export function gradientComplaints(
  actual: ReadonlyMap<string, ArrayLike<number>>,
  expected: Record<string, ReferenceGradient>,
  bounds: GradientBounds,
): string[] {
  const complaints: string[] = [];
  const judge = (name: string, error: number, bound: number) => {
    if (!(error <= bound))
      complaints.push(`${name}: relative error ${error.toPrecision(3)}, bound ${bound.toPrecision(3)}`);
  };
  const errors: number[] = [];
  const theirs: number[] = [];
  const largest = Math.max(...Object.values(expected).map(({ norm }) => norm));
  for (const [name, gradient] of Object.entries(expected)) {
    const values = actual.get(name);
    const count = gradient.shape.reduce((a, b) => a * b, 1);
    if (values?.length !== count) {
      complaints.push(`${name}: ${values?.length ?? "no"} values of ${count}`);
      continue;
    }
    const error = errorOf(name, values, gradient);
    if (gradient.norm < ROUNDING * largest) {
      judge(name, error * gradient.norm, ROUNDING * largest);
      continue;
    }
    judge(name, error, Math.min(bounds.times * gradient.float32_error + bounds.floor, bounds.most));
    errors.push(error);
    theirs.push(gradient.float32_error);
  }
  for (const name of actual.keys()) if (!(name in expected)) complaints.push(`${name}: not in the reference`);
  judge("the median of all", median(errors), bounds.median.times * median(theirs) + bounds.median.floor);
  return complaints;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

/**
 * float32 rounds some activation to the other side of its kink now and then, which moves the gradients of all layers before it; where
 * that happens depends on the last bit of the image. So a pass that fails is repeated with the image off by a few times
 * float32's rounding, first by what some network has needed. What is wrong is wrong in every pass.
 */
const FACTORS = [0, 1e-7, -2e-7, -1e-7, 2e-7, 1e-6, -1e-6, 2e-6].map((change) => 1 + change);

/**
 * Expects one of a few passes to give no complaints.
 *
 * @param pass - Gives the complaints of one pass with the image times `factor`.
 */
export async function expectNoComplaints(pass: (factor: number) => string[] | Promise<string[]>): Promise<void> {
  let fewest: string[] | undefined;
  for (const factor of FACTORS) {
    const complaints = await pass(factor);
    if (!fewest || complaints.length < fewest.length) fewest = complaints;
    if (fewest.length === 0) return;
  }
  expect.fail(`${fewest!.length} complaints in the best pass: ${fewest!.slice(0, 8).join("; ")}`);
}

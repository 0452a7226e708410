/** Batch normalization from stock kernels, for engines without a fused one. */
import * as tf from "@tensorflow/tfjs";
import {
  type ActivationName,
  BatchNorm,
  BatchNormActivation,
  BatchNormApply,
  BatchNormApplyActivation,
  type BatchNormApplyAttrs,
  type BatchNormAttrs,
  BatchNormGrad,
  BatchNormStatistics,
  BatchNormSums,
} from "../kernel-names.ts";

/** All axes but the channels. */
const overPixels = (x: tf.Tensor) => Array.from({ length: x.rank - 1 }, (_, axis) => axis);

/** y, mean, unbiased variance, and what the gradient needs besides: mean, 1/σ, and 1 where σ follows the values, else 0. */
export function batchNorm(inputs: tf.NamedTensorMap, { epsilon, epsMode, activation }: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, beta, residual } = inputs as Record<"x" | "gamma" | "beta", tf.Tensor> & { residual?: tf.Tensor };
  const { mean, centred, variance } = moments(x);
  const inverse = tf.rsqrt(epsMode === "add" ? variance.add(epsilon) : variance.maximum(epsilon));
  const y = finish(centred.mul(inverse.mul(gamma)).add(beta), residual, activation);
  const varies = epsMode === "add" ? tf.scalar(1) : variance.greater(epsilon).toFloat();
  return [y, mean, unbiased(variance, x), mean.clone(), inverse, varies];
}

function moments(x: tf.Tensor) {
  const mean = x.mean(overPixels(x));
  const centred = x.sub(mean);
  return { mean, centred, variance: centred.square().mean(overPixels(x)) };
}

function unbiased(variance: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const count = x.size / x.shape[x.rank - 1]!;
  return variance.mul(count / Math.max(count - 1, 1));
}

function finish(y: tf.Tensor, residual: tf.Tensor | undefined, activation: ActivationName | ""): tf.Tensor {
  const sum = residual ? y.add(residual) : y;
  if (!activation) return sum;
  return activation === "relu" ? sum.relu() : tf.relu6(sum);
}

/** Gradients of x, γ, β and the residual (dy itself, past the activation). */
export function batchNormGrad(inputs: tf.NamedTensorMap, { activation }: BatchNormAttrs): tf.Tensor[] {
  const { x, y, gamma, saved1: mean, saved2: inverse, saved3: varies } = inputs as Record<string, tf.Tensor>;
  const dy = activation ? throughActivation(inputs.dy!, y!, activation) : inputs.dy!.clone();
  const normalized = x!.sub(mean!).mul(inverse!);
  const dBeta = dy.sum(overPixels(dy));
  const dGamma = dy.mul(normalized).sum(overPixels(dy));
  const count = x!.size / x!.shape[x!.rank - 1]!;
  // Where eps replaces the variance, the variance has no gradient.
  const dx = dy
    .sub(dBeta.div(count))
    .sub(normalized.mul(dGamma.mul(varies!).div(count)))
    .mul(inverse!.mul(gamma!));
  return [dx, dGamma, dBeta, dy];
}

/** Mean and unbiased variance of each channel. */
function statistics({ x }: tf.NamedTensorMap): tf.Tensor[] {
  const { mean, variance } = moments(x!);
  return [mean, unbiased(variance, x!)];
}

/** activation((x − mean)/σ · gamma + beta + residual) with 1/σ = 1/√(variance + ε). */
function apply(inputs: tf.NamedTensorMap, { epsilon, activation }: BatchNormApplyAttrs): tf.Tensor {
  const { x, gamma, beta, mean, variance, residual } = inputs as Record<string, tf.Tensor>;
  if (x!.size === 0) return x!.clone();
  const scale = tf.rsqrt(variance!.add(epsilon)).mul(gamma!);
  return finish(x!.sub(mean!).mul(scale).add(beta!), residual, activation);
}

/** Of dy past the activation: itself times gamma/σ, its sum times the normalized x, its sum, and itself. */
function sums(inputs: tf.NamedTensorMap, { epsilon, activation }: BatchNormApplyAttrs): tf.Tensor[] {
  const { x, y, gamma, mean, variance } = inputs as Record<string, tf.Tensor>;
  const dy = activation ? throughActivation(inputs.dy!, y!, activation) : inputs.dy!.clone();
  const inverse = tf.rsqrt(variance!.add(epsilon));
  const dGamma = dy.mul(x!.sub(mean!)).sum(overPixels(dy)).mul(inverse);
  return [dy.mul(inverse.mul(gamma!)), dGamma, dy.sum(overPixels(dy)), dy];
}

function throughActivation(dy: tf.Tensor, y: tf.Tensor, activation: ActivationName): tf.Tensor {
  const open = activation === "relu" ? y.greater(0) : y.greater(0).logicalAnd(y.less(6));
  return dy.mul(open.toFloat());
}

/** Registers the composed kernels. */
export function registerComposedKernels(): void {
  for (const backendName of ["cpu", "wasm", "webgpu", "webgl"]) {
    for (const [kernelName, implementation] of [
      [BatchNorm, batchNorm],
      [BatchNormActivation, batchNorm],
      [BatchNormGrad, batchNormGrad],
      [BatchNormStatistics, statistics],
      [BatchNormApply, apply],
      [BatchNormApplyActivation, apply],
      [BatchNormSums, sums],
    ] as const) {
      tf.registerKernel({
        kernelName,
        backendName,
        kernelFunc: ({ inputs, attrs }) =>
          tf.tidy(() => implementation(inputs as unknown as tf.NamedTensorMap, attrs as BatchNormAttrs)),
      });
    }
  }
}

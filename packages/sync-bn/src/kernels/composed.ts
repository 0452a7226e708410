/** Batch normalization from stock kernels, for engines without a fused one. */
import * as tf from "@tensorflow/tfjs";
import { BatchNorm, BatchNormActivation, type BatchNormAttrs, BatchNormGrad } from "../kernel-names.ts";

/** All axes but the channels. */
const overPixels = (x: tf.Tensor) => Array.from({ length: x.rank - 1 }, (_, axis) => axis);

/** y, mean, unbiased variance, and what the gradient needs besides: mean and 1/σ. */
export function batchNorm(inputs: tf.NamedTensorMap, { epsilon, epsMode, activation }: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, beta, residual } = inputs as Record<"x" | "gamma" | "beta", tf.Tensor> & { residual?: tf.Tensor };
  const channels = x.shape[x.rank - 1]!;
  const count = x.size / channels;
  const mean = x.mean(overPixels(x));
  const centred = x.sub(mean);
  const variance = centred.square().mean(overPixels(x));
  const inverse = tf.rsqrt(epsMode === "add" ? variance.add(epsilon) : variance.maximum(epsilon));
  let y: tf.Tensor = centred.mul(inverse.mul(gamma)).add(beta);
  if (residual) y = y.add(residual);
  if (activation) y = activation === "relu" ? y.relu() : tf.relu6(y);
  return [y, mean, variance.mul(count / Math.max(count - 1, 1)), mean.clone(), inverse, tf.scalar(0)];
}

/** Gradients of x, γ, β and the residual (dy itself, past the activation). */
export function batchNormGrad(
  inputs: tf.NamedTensorMap,
  { epsilon, epsMode, activation }: BatchNormAttrs,
): tf.Tensor[] {
  const { x, y, gamma, saved1: mean, saved2: inverse } = inputs as Record<string, tf.Tensor>;
  const dy = activation ? throughActivation(inputs.dy!, y!, activation) : inputs.dy!.clone();
  const normalized = x!.sub(mean!).mul(inverse!);
  const dBeta = dy.sum(overPixels(dy));
  const dGamma = dy.mul(normalized).sum(overPixels(dy));
  const count = x!.size / x!.shape[x!.rank - 1]!;
  // Where eps replaces the variance, the variance has no gradient.
  const varies =
    epsMode === "max"
      ? inverse!
          .less(1 / Math.sqrt(epsilon))
          .toFloat()
          .mul(dGamma)
      : dGamma;
  const dx = dy
    .sub(dBeta.div(count))
    .sub(normalized.mul(varies.div(count)))
    .mul(inverse!.mul(gamma!));
  return [dx, dGamma, dBeta, dy];
}

function throughActivation(dy: tf.Tensor, y: tf.Tensor, activation: "relu" | "relu6"): tf.Tensor {
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

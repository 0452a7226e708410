import * as tf from "@tensorflow/tfjs";
import { type AcrossAttrs, BatchNormApply, BatchNormApplyActivation, BatchNormSums } from "./kernels/names.ts";

/**
 * Registers the gradients of the synchronized normalization, for all engines at once: local sums, one all-reduce, one pass for x.
 * The local sums Σdy and Σdy·x̂, x̂ being (x − μ)/σ, are the gradients of β and γ.
 */
export function registerSynchronizedGradients(): void {
  for (const kernelName of [BatchNormApply, BatchNormApplyActivation]) {
    tf.registerGradient({
      kernelName,
      inputsToSave: ["x", "gamma", "mean", "variance"],
      outputsToSave: [kernelName === BatchNormApplyActivation],
      gradFunc: (gradient, [x, gamma, mean, variance, y], attributes) => {
        const { epsilon, activation, across } = attributes as unknown as AcrossAttrs;
        const dy = gradient as tf.Tensor;
        const saved = { x: x!, gamma: gamma!, mean: mean!, variance: variance! };
        const [scaled, dGamma, dBeta, dResidual] =
          dy.size === 0
            ? [dy.clone(), tf.zerosLike(gamma!), tf.zerosLike(gamma!), dy.clone()]
            : (tf
                .engine()
                .runKernel(BatchNormSums, { dy, ...saved, ...(y && { y }) }, { epsilon, activation }) as tf.Tensor[]);
        const sums = new Float32Array(2 * gamma!.size);
        sums.set(dGamma!.dataSync());
        sums.set(dBeta!.dataSync(), gamma!.size);
        // Here and not in a function below: every replica takes part, whatever it needs itself, or the others would wait.
        across.group.allReduce(sums);
        return {
          x: () => throughStatistics({ ...saved, scaled: scaled! }, sums, epsilon, across),
          gamma: () => dGamma!,
          beta: () => dBeta!,
          residual: () => dResidual!,
        };
      },
    });
  }
}

/**
 * The gradient of x. With the sums over all N values it is γ/σ·(dy − Σdy/N − x̂·Σdy·x̂/N): again a normalization of x, with other
 * factors and with γ/σ·dy as its residual.
 */
function throughStatistics(
  { x, gamma, mean, variance, scaled }: Record<"x" | "gamma" | "mean" | "variance" | "scaled", tf.Tensor>,
  sums: Float32Array,
  epsilon: number,
  { count, variance: values }: AcrossAttrs["across"],
): tf.Tensor {
  return tf.tidy(() => {
    const [slope, shift] = [new Float32Array(values.length), new Float32Array(values.length)];
    for (let c = 0; c < values.length; c++) {
      const value = values[c]!;
      const inverse = 1 / Math.sqrt(value + epsilon) / count;
      slope[c] = value > 0 ? -sums[c]! * inverse : 0;
      shift[c] = -sums[values.length + c]! * inverse;
    }
    const factors = { gamma: gamma.mul(tf.tensor1d(slope)), beta: gamma.mul(tf.tensor1d(shift)) };
    return tf
      .engine()
      .runKernel(
        BatchNormApply,
        { x, mean, variance, residual: scaled, ...factors },
        { epsilon, activation: "" },
      ) as tf.Tensor;
  });
}

import * as tf from "@tensorflow/tfjs";
import { BatchNorm, BatchNormActivation, BatchNormGrad } from "./kernels/names.ts";

/** Registers the gradients of batch normalization, for all engines at once. */
export function registerGradients(): void {
  for (const kernelName of [BatchNorm, BatchNormActivation]) {
    const keepsOutput = kernelName === BatchNormActivation;
    tf.registerGradient({
      kernelName,
      inputsToSave: ["x", "gamma"],
      // Of the statistics, only what the backward op reads is kept.
      outputsToSave: [keepsOutput, false, false, true, true, true],
      gradFunc: (dys, [x, gamma, ...saved], attrs) => {
        const dy = (dys as tf.Tensor[])[0]!;
        const y = keepsOutput ? saved.shift()! : undefined;
        const [saved1, saved2, saved3] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const inputs: tf.NamedTensorMap = { dy, x: x!, gamma: gamma!, saved1, saved2, saved3, ...(y && { y }) };
        const [dx, dGamma, dBeta, dResidual] = tf.engine().runKernel(BatchNormGrad, inputs, attrs) as tf.Tensor[];
        return { x: () => dx!, gamma: () => dGamma!, beta: () => dBeta!, residual: () => dResidual! };
      },
    });
  }
}

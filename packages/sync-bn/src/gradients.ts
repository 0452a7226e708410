import * as tf from "@tensorflow/tfjs";
import { BatchNorm, BatchNormGrad } from "./kernel-names.ts";

/** Registers the gradient of batch normalization, for all engines at once. */
export function registerGradients(): void {
  tf.registerGradient({
    kernelName: BatchNorm,
    inputsToSave: ["x", "gamma"],
    // y decides the activation's gradient; of the statistics, only what the backward op reads is kept.
    outputsToSave: [true, false, false, true, true, true],
    gradFunc: (dys, [x, gamma, y, saved1, saved2, saved3], attrs) => {
      const inputs = { dy: (dys as tf.Tensor[])[0]!, x, y, gamma, saved1, saved2, saved3 } as tf.NamedTensorMap;
      const [dx, dGamma, dBeta, dResidual] = tf.engine().runKernel(BatchNormGrad, inputs, attrs) as tf.Tensor[];
      return { x: () => dx!, gamma: () => dGamma!, beta: () => dBeta!, residual: () => dResidual! };
    },
  });
}

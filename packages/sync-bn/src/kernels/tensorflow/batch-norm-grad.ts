import { executeAll, type NativeBackend, nativeKernel } from "@seg/layers/custom";
import type * as tf from "@tensorflow/tfjs";
import { batchNormGrad as composed } from "../composed/batch-norm-grad.ts";
import { type BatchNormAttrs, BatchNormGrad } from "../names.ts";
import { residualGrad } from "../residual.ts";
import { asBefore, asImages, fusedAttrs } from "./fused.ts";

function batchNormGrad(backend: NativeBackend, inputs: tf.NamedTensorMap, attrs: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, saved1, saved2, saved3 } = inputs as Record<string, tf.Tensor>;
  const dy = residualGrad(inputs, attrs.activation);
  const [dx, dGamma, dBeta] = executeAll(
    backend,
    "FusedBatchNormGradV3",
    fusedAttrs(attrs.epsilon),
    [asImages(dy), asImages(x!), gamma!, saved1!, saved2!, saved3!],
    5,
  );
  return [asBefore(dx!, x!.shape), dGamma!, dBeta!, dy];
}

export const batchNormGradConfig = nativeKernel(BatchNormGrad, (backend, inputs, options) => {
  const attrs = options as BatchNormAttrs;
  return attrs.epsMode === "add" ? batchNormGrad(backend, inputs, attrs) : composed(inputs, attrs);
});

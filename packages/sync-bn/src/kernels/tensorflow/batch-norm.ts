import { executeAll, type NativeBackend, nativeKernel } from "@seg/layers/custom";
import * as tf from "@tensorflow/tfjs";
import { batchNorm as composed } from "../composed/batch-norm.ts";
import { BatchNorm, BatchNormActivation, type BatchNormAttrs } from "../names.ts";
import { addResidual } from "../residual.ts";
import { asBefore, asImages, fusedAttrs } from "./fused.ts";

function batchNorm(backend: NativeBackend, inputs: tf.NamedTensorMap, attrs: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, beta, residual } = inputs as Record<"x" | "gamma" | "beta", tf.Tensor> & { residual?: tf.Tensor };
  // Given an empty mean and variance the op computes them; its variance is the unbiased one.
  const none = tf.tensor1d([]);
  const [normalized, ...statistics] = executeAll(
    backend,
    "FusedBatchNormV3",
    fusedAttrs(attrs.epsilon),
    [asImages(x), gamma, beta, none, none],
    6,
  );
  return [addResidual(asBefore(normalized!, x.shape), residual, attrs.activation), ...statistics];
}

export const batchNormConfigs = [BatchNorm, BatchNormActivation].map((name) =>
  nativeKernel(name, (backend, inputs, options) => {
    const attrs = options as BatchNormAttrs;
    // The fused op knows no other way to use eps.
    return attrs.epsMode === "add" ? batchNorm(backend, inputs, attrs) : composed(inputs, attrs);
  }),
);

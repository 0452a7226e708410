import { executeAll, nativeKernel } from "@seg/layers/custom";
import * as tf from "@tensorflow/tfjs";
import { type BatchNormApplyAttrs, BatchNormSums } from "../names.ts";
import { residualGrad } from "../residual.ts";
import { asBefore, asImages, fusedAttrs } from "./fused.ts";

/** What the gradient op gives for statistics that do not depend on x. */
export const batchNormSumsConfig = nativeKernel(BatchNormSums, (backend, inputs, attrs) => {
  const { x, gamma, mean, variance } = inputs;
  const { epsilon, activation } = attrs as BatchNormApplyAttrs;
  const dy = residualGrad(inputs, activation);
  const [scaled, dGamma, dBeta] = executeAll(
    backend,
    "FusedBatchNormGradV3",
    fusedAttrs(epsilon, false),
    [asImages(dy), asImages(x!), gamma!, mean!, variance!, tf.tensor1d([])],
    5,
  );
  return [asBefore(scaled!, x!.shape), dGamma!, dBeta!, dy];
});

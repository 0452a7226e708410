import { executeAll, nativeKernel } from "@seg/layers/custom";
import { BatchNormApply, BatchNormApplyActivation, type BatchNormApplyAttrs } from "../names.ts";
import { addResidual } from "../residual.ts";
import { asBefore, asImages, fusedAttrs } from "./fused.ts";

/** The fused op at inference: with statistics that are given. */
export const batchNormApplyConfigs = [BatchNormApply, BatchNormApplyActivation].map((name) =>
  nativeKernel(name, (backend, { x, gamma, beta, mean, variance, residual }, attrs) => {
    const { epsilon, activation } = attrs as BatchNormApplyAttrs;
    if (x!.size === 0) return x!.clone();
    const inputs = [asImages(x!), gamma!, beta!, mean!, variance!];
    const [normalized] = executeAll(backend, "FusedBatchNormV3", fusedAttrs(epsilon, false), inputs, 6);
    return addResidual(asBefore(normalized!, x!.shape), residual, activation);
  }),
);

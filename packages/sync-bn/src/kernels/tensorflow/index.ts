/** Batch normalization by TensorFlow's fused op, for the native engine. */
import { batchNormConfigs } from "./batch-norm.ts";
import { batchNormApplyConfigs } from "./batch-norm-apply.ts";
import { batchNormGradConfig } from "./batch-norm-grad.ts";
import { batchNormStatisticsConfig } from "./batch-norm-statistics.ts";
import { batchNormSumsConfig } from "./batch-norm-sums.ts";

/** All of them. */
export const nativeKernels = [
  ...batchNormConfigs,
  batchNormGradConfig,
  batchNormStatisticsConfig,
  ...batchNormApplyConfigs,
  batchNormSumsConfig,
];

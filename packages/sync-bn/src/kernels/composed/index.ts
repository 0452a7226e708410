/** Batch normalization from stock kernels, for engines without a fused one. */
import { batchNormConfigs } from "./batch-norm.ts";
import { batchNormApplyConfigs } from "./batch-norm-apply.ts";
import { batchNormGradConfig } from "./batch-norm-grad.ts";
import { batchNormStatisticsConfig } from "./batch-norm-statistics.ts";
import { batchNormSumsConfig } from "./batch-norm-sums.ts";

/** All of them. */
export const composedKernels = [
  ...batchNormConfigs,
  batchNormGradConfig,
  batchNormStatisticsConfig,
  ...batchNormApplyConfigs,
  batchNormSumsConfig,
];

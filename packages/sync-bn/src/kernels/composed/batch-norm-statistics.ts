import { composedKernel } from "@seg/layers/custom";
import { BatchNormStatistics } from "../names.ts";
import { moments, unbiased } from "./moments.ts";

/** Mean and unbiased variance of each channel. */
export const batchNormStatisticsConfig = composedKernel(BatchNormStatistics, ({ x }) => {
  const { mean, variance } = moments(x!);
  return [mean, unbiased(variance, x!)];
});

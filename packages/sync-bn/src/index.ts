import "./register.ts";

export { attachGroup } from "./attach-group.ts";
export { type BatchNormTrainOptions, type BatchNormTrainResult, batchNormTrain } from "./batch-norm.ts";
export { convertSyncBatchNorm } from "./convert.ts";
export { SyncBatchNormError, type SyncBatchNormErrorCode } from "./errors.ts";
export type { ActivationName, EpsMode } from "./kernel-names.ts";
export { BatchNormalization, type BatchNormalizationOptions, batchNormalization, type Shape } from "./layer.ts";
export type { RunningAverage } from "./running-average.ts";

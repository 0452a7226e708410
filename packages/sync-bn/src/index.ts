import "./register.ts";

export { attachGroup } from "./attach-group.ts";
export { batchNormTrain } from "./batch-norm.ts";
export type { BatchNormTrainOptions, BatchNormTrainResult } from "./batch-norm-options.ts";
export { convertSyncBatchNorm } from "./convert.ts";
export { SyncBatchNormError, type SyncBatchNormErrorCode, type SyncBatchNormErrorData } from "./errors.ts";
export type { EpsMode } from "./kernels/names.ts";
export { BatchNormalization, type BatchNormalizationLayerArgs, batchNormalization } from "./layer.ts";
export type { RunningAverage } from "./running-average.ts";

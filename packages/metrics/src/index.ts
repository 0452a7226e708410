export { BoundaryIou, type BoundaryIouJson } from "./boundary-iou.ts";
export { ConfusionMatrix, type ConfusionMatrixJson } from "./confusion-matrix.ts";
export { MetricsError, type MetricsErrorCode, type MetricsErrorData } from "./errors.ts";
export type { LabelArray } from "./labels.ts";
export { type ClassScores, computeScores, type Scores } from "./scores.ts";

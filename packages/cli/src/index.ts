export { type ConfigSources, loadConfig } from "./config/load.ts";
export { readyConfigNames } from "./config/ready.ts";
export type { Resolved } from "./config/resolve.ts";
export type { Config } from "./config/schema.ts";
export type { Setting } from "./config/setting.ts";
export { DEMO_MODEL, DEMO_PHOTO } from "./demo-model.ts";
export { CliError, type CliErrorCode } from "./errors.ts";
export { type EvaluateOptions, evaluate } from "./evaluate.ts";
export type { PairSources } from "./evaluation/pairs.ts";
export type { Evaluation, ImageScores } from "./evaluation/result.ts";
export type { EvaluationOptions, EvaluationProgress } from "./evaluation/run-evaluation.ts";
export type { ModelOptions } from "./model-options.ts";
export { run } from "./run.ts";
export {
  createSegmenter,
  type Photo,
  type Segmentation,
  type Segmenter,
  type SegmentOptions,
} from "./segmenter.ts";
export type { Io, Output, Progress, Reporter } from "./terminal.ts";
export type { History } from "./train/history.ts";
export type {
  CheckpointProgress,
  IterationProgress,
  ScoringProgress,
  TrainProgress,
  ValidationProgress,
} from "./train/progress.ts";
export type { Training, TrainingOptions } from "./train/run-training.ts";
export { type TrainOptions, train } from "./train/train.ts";
export type { ValidationScores } from "./train/validation-files.ts";
export type { WeightFiles } from "./weights/find.ts";
export { type LocateOptions, locateWeights } from "./weights/locate.ts";

export * from "./config/index.ts";
export type { ContextOptions } from "./context.ts";
export * from "./dataset/index.ts";
export * from "./evaluate/index.ts";
export type {
  CheckEvent,
  CheckpointEvent,
  DownloadEvent,
  IterationEvent,
  LabelsEvent,
  PipelineEvent,
  ScoreEvent,
  SegmentEvent,
  UnpackEvent,
  ValidationEvent,
  WaitingEvent,
} from "./events.ts";
export * from "./export/index.ts";
export * from "./model/index.ts";
export type { ConfigOptions, ModelOptions } from "./options.ts";
export * from "./photos/index.ts";
export * from "./reproduce/index.ts";
export * from "./segment/index.ts";
export * from "./train/index.ts";
export * from "./weights/index.ts";

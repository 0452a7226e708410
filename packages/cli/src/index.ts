export { type ConfigSources, loadConfig } from "./config/load.ts";
export { readyConfigNames } from "./config/ready.ts";
export type { Resolved } from "./config/resolve.ts";
export type { Config } from "./config/schema.ts";
export type { Setting } from "./config/setting.ts";
export { DEMO_MODEL, DEMO_PHOTO } from "./demo-model.ts";
export { CliError, type CliErrorCode } from "./errors.ts";
export { run } from "./run.ts";
export {
  createSegmenter,
  type Photo,
  type Segmentation,
  type Segmenter,
  type SegmenterOptions,
  type SegmentOptions,
} from "./segmenter.ts";
export type { Io } from "./terminal.ts";
export type { WeightFiles } from "./weights/find.ts";
export { type LocateOptions, locateWeights } from "./weights/locate.ts";

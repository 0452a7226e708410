export { createSegmenter, type WebSegmenter } from "./segmenter/create-segmenter.ts";
export { WebError, type WebErrorCode, type WebErrorData } from "./segmenter/errors.ts";
export type {
  LoadEvent,
  ModelOption,
  WebEngineName,
  WebSegmenterOptions,
  WebSegmentOptions,
} from "./segmenter/options.ts";
export type { WebPhoto } from "./segmenter/photo-message.ts";
export type { Times, WebSegmentation } from "./segmenter/segmentation.ts";

export type { SegmentOptions } from "@seg/segmenter";
export type { Segmentation } from "@seg/segmenter/segmentation";
export type { Photo } from "./photo.ts";
export { createSegmenter, type Segmenter } from "./segmenter.ts";

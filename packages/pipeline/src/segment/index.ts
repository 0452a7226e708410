export type { Photo } from "./photo.ts";
export { createSegmenter, type Segmentation, type Segmenter, type SegmentOptions } from "./segmenter.ts";

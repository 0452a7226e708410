export { createSegmenter, type Photo, type Segmentation, type Segmenter, type SegmentOptions } from "./segmenter.ts";

export type { ClassProbabilities } from "@seg/segmenter/segmentation";
export { ensureReadable, type ReadOptions } from "./ensure-readable.ts";
export { type GatheredImages, gatherImages, type ImageSource } from "./gather.ts";
export {
  type PhotoResult,
  type PhotoSegmentation,
  type PhotoSegmenter,
  type SegmentPhotosOptions,
  segmentPhotos,
} from "./segment-photos.ts";
export { writeScores } from "./write-scores.ts";

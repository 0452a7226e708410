export type { Photo } from "./photo.ts";
export {
  createSegmenter,
  type Segmentation,
  type Segmenter,
  type SegmenterOptions,
  type SegmentOptions,
} from "./segmenter.ts";

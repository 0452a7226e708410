export type { AugmentOptions, ColorJitter } from "./augmentation.ts";
export * from "./browser.ts";
export { type CheckOptions, checkDataset, type DatasetReport } from "./check-dataset.ts";
export { type ClassSampling, type ClassSamplingOptions, classSampling } from "./class-sampling.ts";
export { type DecodeOptions, decodeImage, type ImageFile, isImageFile } from "./decode-image.ts";
export type { DownloadOptions } from "./download.ts";
export { encodePng } from "./encode-png.ts";
export { explainFullAde20k } from "./full-ade20k.ts";
export { type ClassCount, type CountOptions, countClasses, type LabelCounts, sumCounts } from "./label-counts.ts";
export { describeLeftOut, type FoundImages, findImages, type LeftOut, listImages } from "./list-images.ts";
export {
  type DoubtfulPhotos,
  type LookOptions,
  lookAtPhotos,
  type ThinPhoto,
  thinSide,
} from "./look-at-photos.ts";
export { type OdgtOptions, type OdgtRecord, readOdgt, writeOdgt } from "./odgt.ts";
export type { LabelOrientation } from "./orientation.ts";
export { type PairImagesOptions, pairImages } from "./pair-images.ts";
export type { PlanOptions, RandomNumbers } from "./plan-batches.ts";
export { readClasses } from "./read-classes.ts";
export { type LabelOptions, readLabel } from "./read-label.ts";
export { type ConventionOptions, readLabelConvention } from "./read-label-convention.ts";
export { type Pair, type PairOptions, readPair } from "./read-pair.ts";
export type { BatchOptions, TrainBatch } from "./train-batch.ts";
export {
  createSource as createTrainSource,
  TRAIN_SOURCE,
  type TrainSource,
  type TrainSourceOptions,
} from "./train-source.ts";
export { writeImage, writeLabelPng, writeMaskPng } from "./write-image.ts";

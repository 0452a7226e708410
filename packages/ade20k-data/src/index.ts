export { ADE20K_CLASSES } from "./ade20k-classes.ts";
export type { AugmentOptions, ColorJitter } from "./augmentation.ts";
export { blankImage, fillRectangle, paste, type Rectangle } from "./canvas.ts";
export { type CheckOptions, checkDataset, type DatasetReport } from "./check-dataset.ts";
export { type ClassMask, classMask } from "./class-mask.ts";
export { type ClassSampling, type ClassSamplingOptions, classSampling } from "./class-sampling.ts";
export { type Color, palette, type SegClass } from "./classes.ts";
export { colorize, overlay } from "./colorize.ts";
export { type DecodeOptions, decodeImage, type ImageFile, isImageFile } from "./decode-image.ts";
export { distinctColors } from "./distinct-colors.ts";
export type { DownloadOptions } from "./download.ts";
export { DataError, type DataErrorCode, type DataErrorData } from "./errors.ts";
export { explainFullAde20k } from "./full-ade20k.ts";
export type { RgbImage } from "./image.ts";
export { MAX_PIXELS, type PixelLimit } from "./image-limits.ts";
export { type LabelConvention, READY_CONVENTIONS, type ReadyConvention } from "./label-convention.ts";
export { type ClassCount, type CountOptions, countClasses, type LabelCounts, sumCounts } from "./label-counts.ts";
export { type ClassShare, classShares, type LabelArray, type LabelMap } from "./label-map.ts";
export { type LegendOptions, type LegendRow, legend, withLegend } from "./legend.ts";
export { describeLeftOut, type FoundImages, findImages, type LeftOut, listImages } from "./list-images.ts";
export {
  type DoubtfulPhotos,
  type LookOptions,
  lookAtPhotos,
  type ThinPhoto,
  thinSide,
} from "./look-at-photos.ts";
export { INPUT_RECIPES, type InputFormat, type InputRecipe, normalize } from "./normalize.ts";
export { type OdgtOptions, type OdgtRecord, readOdgt, writeOdgt } from "./odgt.ts";
export type { LabelOrientation } from "./orientation.ts";
export { type PairImagesOptions, pairImages } from "./pair-images.ts";
export { parseClasses } from "./parse-classes.ts";
export { type PixelArray, type Pixels, rgbImage } from "./pixels.ts";
export type { PlanOptions, RandomNumbers } from "./plan-batches.ts";
export { readClasses } from "./read-classes.ts";
export { type LabelOptions, readLabel } from "./read-label.ts";
export { type ConventionOptions, readLabelConvention } from "./read-label-convention.ts";
export { type Pair, type PairOptions, readPair } from "./read-pair.ts";
export { readyClasses } from "./ready-classes.ts";
export { resizeAntialiased } from "./resize-antialiased.ts";
export { nearestPositions } from "./resize-nearest.ts";
export { drawText, fitText, TEXT_HEIGHT, textWidth } from "./text.ts";
export type { BatchOptions, TrainBatch } from "./train-batch.ts";
export {
  createSource as createTrainSource,
  TRAIN_SOURCE,
  type TrainSource,
  type TrainSourceOptions,
} from "./train-source.ts";
export {
  resizeForScale,
  type ScaledInput,
  type ScaleOptions,
  scaledSize,
  VALIDATION_SIZES,
  type ValidationOptions,
  validationScales,
} from "./validation-scales.ts";
export { writeImage, writeLabelPng, writeMaskPng } from "./write-image.ts";

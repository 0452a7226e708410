export { ADE20K_CLASSES } from "./ade20k-classes.ts";
export { blankImage, fillRectangle, paste, type Rectangle } from "./canvas.ts";
export { type ClassMask, classMask } from "./class-mask.ts";
export { type Color, palette, type SegClass } from "./classes.ts";
export { colorize, overlay } from "./colorize.ts";
export { distinctColors } from "./distinct-colors.ts";
export { encodeLabelPng, encodeMaskPng } from "./encode-label-png.ts";
export { DataError, type DataErrorCode, type DataErrorData } from "./errors.ts";
export type { RgbImage } from "./image.ts";
export { MAX_PIXELS, type PixelLimit } from "./image-limits.ts";
export { type LabelConvention, READY_CONVENTIONS, type ReadyConvention } from "./label-convention.ts";
export { type ClassShare, classShares, type LabelArray, type LabelMap } from "./label-map.ts";
export { type LegendOptions, type LegendRow, legend, withLegend } from "./legend.ts";
export { INPUT_RECIPES, type InputFormat, type InputRecipe, normalize } from "./normalize.ts";
export { parseClasses } from "./parse-classes.ts";
export { type PixelArray, type Pixels, rgbImage } from "./pixels.ts";
export { readyClasses } from "./ready-classes.ts";
export { resizeAntialiased } from "./resize-antialiased.ts";
export { nearestPositions } from "./resize-nearest.ts";
export { drawText, fitText, TEXT_HEIGHT, textWidth } from "./text.ts";
export {
  resizeForScale,
  type ScaledInput,
  type ScaleOptions,
  scaledSize,
  VALIDATION_SIZES,
  type ValidationOptions,
  validationScales,
} from "./validation-scales.ts";

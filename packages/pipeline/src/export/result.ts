import type { WeightFiles } from "../weights/find.ts";
import type { ExportFormat } from "./options.ts";

/** A file of an export. */
export interface ExportedFile {
  /** Its path. */
  readonly path: string;
  /** Its size in bytes. */
  readonly bytes: number;
}

/** A tensor that an exported network takes or gives. */
export interface ExportedTensor {
  readonly name: string;
  readonly dtype: string;
  /** Sizes of the axes; names where they are free. */
  readonly shape: readonly (number | string)[];
}

/** What becomes of a photo before the network sees it. */
export interface PhotoPreparation {
  /** Short sides to test at; the network was trained on such. */
  readonly sizes: readonly number[];
  /** The longest side. */
  readonly maxSize: number;
  /** Sides are rounded up to a multiple of it. */
  readonly paddingConstant: number;
  /** The order of channels. */
  readonly channels: "rgb" | "bgr";
  /** What a byte of 255 becomes before the mean is taken off. */
  readonly range: 1 | 255;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Scores on labelled photos, 0-1. */
export interface ExportedScores {
  readonly meanIou: number;
  readonly pixelAccuracy: number;
}

/** What int8 costs: scores before and after where there are labelled photos, else the share of pixels that keep their label, 0-1. */
export interface Int8Report {
  /** How many photos it was calibrated with. */
  readonly photos: number;
  readonly float32?: ExportedScores;
  readonly int8?: ExportedScores;
  readonly agreement?: number;
}

/** What `exportModel` has written. */
export interface ExportResult {
  readonly format: ExportFormat;
  /** The file or folder. */
  readonly path: string;
  readonly files: readonly ExportedFile[];
  /** Of all files. */
  readonly bytes: number;
  /** Whether weights are stored as float16. */
  readonly half: boolean;
  /** Of an int8 file, what that costs. */
  readonly int8?: Int8Report;
  /** `<encoder>-<decoder>`. */
  readonly architecture: string;
  /** Where the weights came from. */
  readonly weights: WeightFiles;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** What the network takes and gives; none for checkpoints, which hold weights alone. */
  readonly inputs: readonly ExportedTensor[];
  readonly outputs: readonly ExportedTensor[];
  readonly photo: PhotoPreparation;
}

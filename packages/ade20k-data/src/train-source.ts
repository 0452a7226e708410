import { checkAugmentOptions } from "./augmentation.ts";
import { badOption, DataError, refuseUnknown } from "./errors.ts";
import type { OdgtRecord } from "./odgt.ts";
import { type PlanOptions, planBatches, type RandomNumbers } from "./plan-batches.ts";
import { labelOf } from "./read-pair.ts";
import { type BatchOptions, makeBatch, type TrainBatch } from "./train-batch.ts";
import { checkWhole, VALIDATION_SIZES } from "./validation-scales.ts";

/** What to train on, and how; it can be sent to another thread. */
export interface TrainSourceOptions extends PlanOptions, BatchOptions {
  /** The photos, as {@link readOdgt} gives them. */
  records: readonly OdgtRecord[];
}

/** This module's address: what `SeededLoader` of `@seg/data-parallel` takes as `module` to run {@link createSource} in threads. */
export const TRAIN_SOURCE: URL = new URL(import.meta.url);

/** Training batches without end. */
export interface TrainSource {
  /** Makes the next batch; its arrays belong to the caller. */
  next(): Promise<TrainBatch>;
  /** Skips `count` batches without reading them. */
  skip(count: number): void;
}

/**
 * Training batches as the original's `TrainDataset` makes them: photos of one orientation, one random short side for a batch, mirrored
 * at random, and what else the options ask for. The same numbers from `random` give the same batches.
 *
 * @param random - gives numbers in `[0, 1)`; `Math.random` unless given.
 * @throws {DataError} `option` if sizes or counts are not positive whole numbers, or the padding constant is no multiple of the label's rate.
 * @throws {DataError} `bad-list` if there are no photos, or one has no label; `option` for an option that there is not.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, blankImage, createTrainSource, writeImage, writeLabelPng } from "@seg/ade20k-data";
 *
 * const [width, height] = [24, 16];
 * await writeImage("trained.png", blankImage(width, height));
 * await writeLabelPng("trained-label.png", { labels: new Uint8Array(width * height).fill(2), width, height }, ADE20K_CLASSES);
 * const records = [{ imagePath: "trained.png", labelPath: "trained-label.png", width, height }];
 * const batch = await createTrainSource({ records, batchSize: 1, sizes: [16] }).next();
 * console.log(batch.height, batch.width, batch.images.length === 16 * 24 * 3); // 16 24 true
 * // One label for 8×8 pixels.
 * console.log(batch.labels.join(" ")); // 2 2 2 2 2 2
 * ```
 */
export function createSource(options: TrainSourceOptions, random: RandomNumbers = Math.random): TrainSource {
  check(options);
  const plans = planBatches(options.records, options, random);
  return {
    next: () => makeBatch(plans.next().value, options),
    skip(count) {
      for (let i = 0; i < count; i++) plans.next();
    },
  };
}

const OPTIONS = [
  "records",
  "batchSize",
  "sizes",
  "randomFlip",
  "maxSize",
  "paddingConstant",
  "segmDownsamplingRate",
  "padLabel",
  "inputFormat",
  "numClasses",
  "convention",
  "maxPixels",
  "randomScale",
  "cropSize",
  "catMaxRatio",
  "colorJitter",
  "blur",
  "classSampling",
] satisfies (keyof TrainSourceOptions)[];

function check(options: TrainSourceOptions): void {
  refuseUnknown(options, OPTIONS, "the options of a training source");
  const { records, batchSize, sizes = VALIDATION_SIZES, maxSize = 1000 } = options;
  const { paddingConstant = 8, segmDownsamplingRate = 8 } = options;
  if (records.length === 0) {
    throw new DataError("bad-list", "Expected photos to train on but the list is empty: add one JSON object a line.");
  }
  if (sizes.length === 0)
    throw badOption("sizes", sizes, { expected: "at least one short side in sizes", received: "none" });
  checkAugmentOptions(options);
  checkWhole({ batchSize, maxSize, paddingConstant, segmDownsamplingRate });
  for (const [i, size] of sizes.entries()) checkWhole({ [`sizes[${i}]`]: size });
  if (paddingConstant % segmDownsamplingRate !== 0) {
    throw badOption("paddingConstant", paddingConstant, {
      expected: `paddingConstant to be a multiple of segmDownsamplingRate ${segmDownsamplingRate}`,
      received: `${paddingConstant}`,
    });
  }
  for (const record of records) labelOf(record);
}

import {
  countClasses,
  type DoubtfulPhotos,
  type LabelCounts,
  lookAtPhotos,
  type SegClass,
  sumCounts,
} from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import type { Context } from "../context.ts";
import { doubtfulPhotos } from "../dataset/doubtful-photos.ts";
import { nothingToLearn, sharesOf, summaryOf, suspicions } from "../dataset/judge-labels.ts";
import type { TrainingPlan } from "./plan.ts";

/** How many labels are looked at of a data set that has more. */
const SAMPLE = 200;

/**
 * Finds out what the labels show that a training is about to learn, and what is suspicious about them. Of a large data set it looks at
 * some, evenly spread over the list.
 *
 * @returns what tells of it.
 * @throws {DataError} what is wrong with a label, or that none of all labels has a pixel with a class.
 */
export async function lookAtLabels(
  { DATASET }: Config,
  classes: readonly SegClass[],
  data: Pick<TrainingPlan, "records" | "convention">,
  { warn, onProgress, signal }: Pick<Context, "warn" | "onProgress" | "signal">,
): Promise<() => void> {
  const list = DATASET.list_train;
  const total = data.records.length;
  const counts = await count(DATASET, data, signal);
  const counted = { counts, classes, of: list, labelMap: DATASET.label_map, whole: counts.images === total };
  const nothing = nothingToLearn(counted);
  if (nothing) throw nothing;
  const warnings = [...suspicions(counted), ...doubtfulPhotos(counts, data.convention)];
  const { images, pixels, unlabeled } = counts;
  const occurrences = sharesOf(counts, classes);
  const summary = summaryOf(counted);
  return () => {
    onProgress({ type: "labels", list, summary, images, total, pixels, unlabeled, occurrences, warnings });
    for (const line of warnings) warn(line);
  };
}

async function count(
  { imgSizes: sizes, imgMaxSize: maxSize, num_class: numClasses, max_pixels: maxPixels }: Config["DATASET"],
  { records, convention }: Pick<TrainingPlan, "records" | "convention">,
  signal: AbortSignal | undefined,
): Promise<LabelCounts & DoubtfulPhotos> {
  const counted = async (some: typeof records) => ({
    ...sumCounts(await countClasses(some, { numClasses, convention, maxPixels, signal }), numClasses),
    ...(await lookAtPhotos(some, { sizes, maxSize, maxPixels, signal })),
  });
  const step = Math.max(1, records.length / SAMPLE);
  const sample = records.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  const counts = await counted(sample);
  // Before it is said that there is nothing to learn, all are looked at.
  const isEnough = sample.length === records.length || counts.classes.filter(({ pixels }) => pixels > 0).length > 1;
  return isEnough ? counts : counted(records);
}

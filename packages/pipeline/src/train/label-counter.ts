import { countClasses } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { type ContextOptions, contextOf } from "../context.ts";
import type { TrainingPlan } from "./plan.ts";

/** Gives the pixels of each label, as `countClasses` of `@seg/ade20k-data` does. */
export type LabelCounter = () => Promise<Uint32Array[]>;

/**
 * Counts the pixels of all labels once, when they are first asked for.
 *
 * @throws {DataError} when called: what is wrong with a label. The signal's reason.
 */
export function labelCounter(
  { DATASET: { list_train: of, num_class: numClasses, max_pixels: maxPixels } }: Config,
  { records, convention }: Pick<TrainingPlan, "records" | "convention">,
  options: ContextOptions = {},
): LabelCounter {
  const { log, onProgress, signal } = contextOf(options);
  let counts: Promise<Uint32Array[]> | undefined;
  return () => {
    if (!counts) log(`Counting each class's pixels in ${records.length} labels.`);
    counts ??= countClasses(records, {
      numClasses,
      convention,
      maxPixels,
      onProgress: (done, total) => onProgress({ type: "check", of, done, total }),
      signal,
    });
    return counts;
  };
}

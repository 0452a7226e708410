import type { Config } from "../config/schema.ts";

// What may change in the middle of a training without changing its course.
const WITHOUT_EFFECT = new Set(["start_epoch", "disp_iter", "keep", "eval_every"]);
const DATA = [
  "list_train",
  "num_class",
  "imgSizes",
  "imgMaxSize",
  "padding_constant",
  "segm_downsampling_rate",
  "random_flip",
  "padLabel",
] as const;
const NETWORKS = ["arch_encoder", "arch_decoder", "inputFormat"] as const;

/** The settings that the course of a training depends on, once it has begun. */
export function courseSettings({ DATASET, MODEL, TRAIN }: Config): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const key of DATA) settings[`DATASET.${key}`] = DATASET[key];
  for (const key of NETWORKS) settings[`MODEL.${key}`] = MODEL[key];
  for (const [key, value] of Object.entries(TRAIN)) if (!WITHOUT_EFFECT.has(key)) settings[`TRAIN.${key}`] = value;
  return settings;
}

/** The differences, in words: `TRAIN.seed was 304 and is 305`. */
export function changedSettings(before: Record<string, unknown>, now: Record<string, unknown>): string[] {
  return Object.keys(now)
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]))
    .map((key) => `${key} was ${JSON.stringify(before[key])} and is ${JSON.stringify(now[key])}`);
}

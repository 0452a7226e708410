import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Config, DEFAULTS } from "../config/schema.ts";
import { PipelineError } from "../errors.ts";
import { nameOf, type Position } from "./checkpoint-files.ts";

// What may change in the middle of a training without changing its course.
const WITHOUT_EFFECT = new Set(["start_epoch", "disp_iter", "keep", "eval_every", "early_stop"]);
// What a training cannot go on with if it is another thing.
const FIXED = new Set([
  "DATASET.num_class",
  "MODEL.arch_encoder",
  "MODEL.arch_decoder",
  "MODEL.inputFormat",
  "TRAIN.optim",
]);
const DATA = [
  "num_class",
  "imgSizes",
  "imgMaxSize",
  "padding_constant",
  "segm_downsampling_rate",
  "random_flip",
  "padLabel",
  "random_scale",
  "crop_size",
  "cat_max_ratio",
  "jitter_brightness",
  "jitter_contrast",
  "jitter_saturation",
  "jitter_hue",
  "blur_prob",
  "blur_sigma",
  "rare_class_temp",
  "rare_class_min_pixels",
] as const satisfies (keyof Config["DATASET"])[];
// What matters only where something else is switched on.
const DEPENDENT: Readonly<Record<string, (data: Config["DATASET"]) => boolean>> = {
  cat_max_ratio: ({ crop_size }) => crop_size[0] > 0,
  blur_sigma: ({ blur_prob }) => blur_prob > 0,
  rare_class_min_pixels: ({ rare_class_temp }) => rare_class_temp > 0,
};
const NETWORKS = ["arch_encoder", "arch_decoder", "inputFormat"] as const;
/** Stands for the list's contents: its path may change. */
const LIST = "DATASET.list_train";

/** The settings that the course of a training depends on, once it has begun. */
export async function courseSettings({ DATASET, MODEL, TRAIN }: Config): Promise<Record<string, unknown>> {
  const list = await readFile(DATASET.list_train);
  const settings: Record<string, unknown> = { [LIST]: createHash("sha256").update(list).digest("hex") };
  for (const key of DATA) if (DEPENDENT[key]?.(DATASET) ?? true) settings[`DATASET.${key}`] = DATASET[key];
  for (const key of NETWORKS) settings[`MODEL.${key}`] = MODEL[key];
  for (const [key, value] of Object.entries(TRAIN)) if (!WITHOUT_EFFECT.has(key)) settings[`TRAIN.${key}`] = value;
  return settings;
}

/** @throws {PipelineError} `config` if a checkpoint's network or optimizer is another one than the configuration's. */
export function checkSettings(
  { position, settings: before }: { position: Position; settings: Record<string, unknown> },
  now: Record<string, unknown>,
): void {
  for (const key of differences(before, now)) {
    if (!FIXED.has(key)) continue;
    const [expected, received, checkpoint] = [before[key], now[key], nameOf(position)];
    throw new PipelineError(
      "config",
      {
        expected: `${key} ${expected} as in ${checkpoint}`,
        received: String(received),
        hint: "set it as it was, or begin anew in another DIR",
      },
      { data: { key, expected, received, checkpoint } },
    );
  }
}

/** The differences, in words: `TRAIN.seed was 304 and is 305`. */
export function changedSettings(before: Record<string, unknown>, now: Record<string, unknown>): string[] {
  return differences(before, now).map((key) =>
    key === LIST
      ? `the list ${LIST} was changed`
      : `${key} was ${JSON.stringify(settingOf(before, key))} and is ${JSON.stringify(now[key])}`,
  );
}

function differences(before: Record<string, unknown>, now: Record<string, unknown>): string[] {
  return Object.keys(now).filter((key) => JSON.stringify(settingOf(before, key)) !== JSON.stringify(now[key]));
}

/** A checkpoint's setting. Of a key that there was not when it was written, or that did not matter then, the default. */
function settingOf(settings: Record<string, unknown>, key: string): unknown {
  return key in settings ? settings[key] : DEFAULTS[key];
}

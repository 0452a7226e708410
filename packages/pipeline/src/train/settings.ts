import { createHash } from "node:crypto";
import { shorten, shown } from "@seg/errors";
import { readRegularFile } from "@seg/node";
import { balanceOf, type Config, DEFAULTS, lossNames } from "@seg/segmenter/config";
import { isReadyConvention } from "../dataset/label-convention.ts";
import { PipelineError } from "../errors.ts";
import { nameOf, type Position } from "./checkpoint-files.ts";

// What may change in the middle of a training without changing its course.
const WITHOUT_EFFECT = new Set([
  "start_epoch",
  "disp_iter",
  "keep",
  "save_every_iters",
  "eval_every",
  "early_stop",
  "strict",
]);
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
  "label_orientation",
  "ignore_label",
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
const NETWORKS = ["arch_encoder", "arch_decoder", "inputFormat"] as const;
/** Stands for the list's contents: its path may change. */
const LIST = "DATASET.list_train";
/** The name of a ready convention, or what stands for the file's contents. */
const LABEL_MAP = "DATASET.label_map";

/** What is of account only together with other settings. */
const MATTERS: Readonly<Record<string, (config: Config) => boolean>> = {
  "DATASET.cat_max_ratio": ({ DATASET }) => DATASET.crop_size[0] > 0,
  "DATASET.blur_sigma": ({ DATASET }) => DATASET.blur_prob > 0,
  "DATASET.rare_class_min_pixels": ({ DATASET }) => DATASET.rare_class_temp > 0,
  "TRAIN.ohem_threshold": ({ TRAIN }) => lossNames(TRAIN.loss).includes("ohem"),
  "TRAIN.ohem_min_kept": ({ TRAIN }) => lossNames(TRAIN.loss).includes("ohem"),
  "TRAIN.focal_gamma": ({ TRAIN }) => lossNames(TRAIN.loss).includes("focal"),
  "TRAIN.effective_beta": ({ TRAIN }) => TRAIN.class_weights === "effective",
};

/**
 * The settings that the course of a training depends on, once it has begun.
 *
 * @param classWeights - those that `TRAIN.class_weights` stands for.
 */
export async function courseSettings(
  config: Config,
  classWeights?: readonly number[],
): Promise<Record<string, unknown>> {
  const { DATASET, MODEL, TRAIN } = config;
  const contentsOf = async (file: string) =>
    createHash("sha256")
      .update(await readRegularFile(file))
      .digest("hex");
  const { list_train, label_map } = DATASET;
  const settings: Record<string, unknown> = {
    [LIST]: await contentsOf(list_train),
    [LABEL_MAP]: isReadyConvention(label_map) ? label_map : await contentsOf(label_map),
  };
  const add = (key: string, value: unknown) => {
    if (MATTERS[key]?.(config) ?? true) settings[key] = value;
  };
  for (const key of DATA) add(`DATASET.${key}`, DATASET[key]);
  for (const key of NETWORKS) settings[`MODEL.${key}`] = MODEL[key];
  for (const [key, value] of Object.entries(TRAIN)) if (!WITHOUT_EFFECT.has(key)) add(`TRAIN.${key}`, value);
  // What a file holds counts, not its path.
  if (classWeights && !balanceOf(TRAIN.class_weights)) settings["TRAIN.class_weights"] = classWeights;
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
        expected: `${key} ${typeof expected === "string" ? shorten(expected, 80) : shown(expected)} as in ${checkpoint}`,
        received: String(received),
        hint: "set it as it was, or begin anew in another DIR",
      },
      { data: { key, expected, received, checkpoint } },
    );
  }
}

/** The differences, in words: `TRAIN.seed was 304 and is 305`. */
export function changedSettings(before: Record<string, unknown>, now: Record<string, unknown>): string[] {
  return differences(before, now).map((key) => {
    if (key === LIST) return `the list ${LIST} was changed`;
    if (key === LABEL_MAP) return `the meaning of labels, ${LABEL_MAP}, was changed`;
    return `${key} was ${shown(settingOf(before, key))} and is ${JSON.stringify(now[key])}`;
  });
}

// What a checkpoint of an earlier version does not say is as it is by default.
const settingOf = (settings: Record<string, unknown>, key: string) =>
  Object.hasOwn(settings, key) ? settings[key] : DEFAULTS[key];

function differences(before: Record<string, unknown>, now: Record<string, unknown>): string[] {
  return Object.keys(now).filter((key) => JSON.stringify(settingOf(before, key)) !== JSON.stringify(now[key]));
}

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Config, DEFAULTS } from "../config/schema.ts";
import { isReadyConvention } from "../dataset/label-convention.ts";
import { PipelineError } from "../errors.ts";
import { nameOf, type Position } from "./checkpoint-files.ts";

// What may change in the middle of a training without changing its course.
const WITHOUT_EFFECT = new Set(["start_epoch", "disp_iter", "keep", "eval_every"]);
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
] as const;
const NETWORKS = ["arch_encoder", "arch_decoder", "inputFormat"] as const;
/** Stands for the list's contents: its path may change. */
const LIST = "DATASET.list_train";
/** The name of a ready convention, or what stands for the file's contents. */
const LABEL_MAP = "DATASET.label_map";

/** The settings that the course of a training depends on, once it has begun. */
export async function courseSettings({ DATASET, MODEL, TRAIN }: Config): Promise<Record<string, unknown>> {
  const contentsOf = async (file: string) =>
    createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  const { list_train, label_map } = DATASET;
  const settings: Record<string, unknown> = {
    [LIST]: await contentsOf(list_train),
    [LABEL_MAP]: isReadyConvention(label_map) ? label_map : await contentsOf(label_map),
  };
  for (const key of DATA) settings[`DATASET.${key}`] = DATASET[key];
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
  return differences(before, now).map((key) => {
    if (key === LIST) return `the list ${LIST} was changed`;
    if (key === LABEL_MAP) return `the meaning of labels, ${LABEL_MAP}, was changed`;
    return `${key} was ${JSON.stringify(settingOf(before, key))} and is ${JSON.stringify(now[key])}`;
  });
}

// What a checkpoint of an earlier version does not say is as it is by default.
const settingOf = (settings: Record<string, unknown>, key: string) => (key in settings ? settings[key] : DEFAULTS[key]);

function differences(before: Record<string, unknown>, now: Record<string, unknown>): string[] {
  return Object.keys(now).filter((key) => JSON.stringify(settingOf(before, key)) !== JSON.stringify(now[key]));
}

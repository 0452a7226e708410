import { shared } from "@seg/testing";
import { type EvaluateOptions, evaluate } from "../../src/evaluate/evaluate.ts";

export const camvid = shared("data/camvid");
/** Trained by the original. */
export const checkpoint = shared("data/checkpoints/camvid-mobilenetv2dilated-c1_deepsup");
export const absent = camvid && checkpoint ? undefined : "the folder shared is absent";
export const CLASSES = 11;

export const settings = (more: Record<string, unknown> = {}) => ({
  DIR: checkpoint,
  "VAL.checkpoint": "epoch_14.pth",
  "DATASET.num_class": CLASSES,
  "DATASET.classes": `${camvid}/classes.json`,
  "DATASET.list_val": `${camvid}/val.odgt`,
  "DATASET.imgSizes": 360,
  ...more,
});

/** Scores the original's network on CamVid, on wasm unless told. */
export const score = (options: EvaluateOptions = {}, set: Record<string, unknown> = {}) =>
  evaluate({ config: "mobilenetv2dilated-c1_deepsup", backend: "wasm", set: settings(set), ...options });

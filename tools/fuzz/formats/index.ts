import type { Format } from "../src/format.ts";
import { ANSWERS } from "./answers.ts";
import { CHECKPOINT } from "./checkpoint.ts";
import { DATASET_ZIP } from "./dataset-zip.ts";
import { IMAGE } from "./image.ts";
import { LABEL, PAIR } from "./label.ts";
import { LISTS } from "./lists.ts";
import { METRICS } from "./metrics.ts";
import { ONNX } from "./onnx.ts";
import { PHOTOS } from "./photos.ts";
import { PICKLE } from "./pickle.ts";
import { PNG } from "./png.ts";
import { PTH_LEGACY } from "./pth-legacy.ts";
import { PTH_ZIP } from "./pth-zip.ts";
import { SAFETENSORS } from "./safetensors.ts";
import { TRAINER } from "./trainer.ts";
import { WORDS } from "./words.ts";
import { YAML } from "./yaml.ts";

/** Every format that is fuzzed. */
export const FORMATS: readonly Format[] = [
  ...[PTH_ZIP, PTH_LEGACY, PICKLE, SAFETENSORS, CHECKPOINT],
  ...[PNG, ...PHOTOS, IMAGE, LABEL, PAIR],
  ...[YAML, ...LISTS, TRAINER, DATASET_ZIP, ANSWERS, METRICS, ...ONNX, WORDS],
];

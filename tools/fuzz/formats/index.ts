import type { Format } from "../src/format.ts";
import { ANSWERS } from "./answers.ts";
import { DATASET_ZIP } from "./dataset-zip.ts";
import { LABEL, PAIR } from "./label.ts";
import { LISTS } from "./lists.ts";
import { PHOTOS } from "./photos.ts";
import { PICKLE } from "./pickle.ts";
import { PNG } from "./png.ts";
import { PTH_LEGACY } from "./pth-legacy.ts";
import { PTH_ZIP } from "./pth-zip.ts";
import { SAFETENSORS } from "./safetensors.ts";
import { TRAINER } from "./trainer.ts";
import { METRICS, ONNX } from "./values.ts";
import { WORDS } from "./words.ts";
import { YAML } from "./yaml.ts";

/** Every format that is fuzzed. */
export const FORMATS: readonly Format[] = [
  ...[PTH_ZIP, PTH_LEGACY, PICKLE, SAFETENSORS],
  ...[PNG, ...PHOTOS, LABEL, PAIR],
  ...[YAML, ...LISTS, TRAINER, DATASET_ZIP, ANSWERS, METRICS, ONNX, WORDS],
];

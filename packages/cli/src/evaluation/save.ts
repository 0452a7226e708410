import { join } from "node:path";
import { writeFileAtomic, writeImage } from "@seg/ade20k-data";
import { ConfusionMatrix } from "@seg/metrics";
import { confusionPicture } from "./confusion-picture.ts";
import type { Evaluation } from "./result.ts";

/** The file with all numbers of an evaluation. */
export const RESULT_FILE = "evaluation.json";

/** The file with the picture of its confusion matrix. */
export const CONFUSION_PICTURE = "confusion.png";

/** Writes an evaluation's numbers and its confusion matrix's picture into a folder. */
export async function saveEvaluation(folder: string, evaluation: Evaluation): Promise<void> {
  await writeFileAtomic(join(folder, RESULT_FILE), `${JSON.stringify(evaluation)}\n`);
  const names = evaluation.classes.map(({ name }) => name);
  const matrix = ConfusionMatrix.fromJSON(evaluation.confusion);
  await writeImage(join(folder, CONFUSION_PICTURE), confusionPicture(matrix, names));
}

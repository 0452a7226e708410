import { basename, extname, join } from "node:path";
import { type OdgtRecord, writeImage } from "@seg/ade20k-data";
import { ConfusionMatrix } from "@seg/metrics";
import { writeFileAtomic } from "@seg/node";
import { confusionPicture } from "../pictures/confusion-matrix.ts";
import type { Evaluation } from "./result.ts";

/** The file with all numbers of an evaluation. */
export const RESULT_FILE = "evaluation.json";

/** The file with the picture of its confusion matrix. */
const CONFUSION_PICTURE = "confusion.png";

/** Writes an evaluation's numbers and its confusion matrix's picture into a folder. */
export async function saveEvaluation(folder: string, evaluation: Evaluation): Promise<void> {
  await writeFileAtomic(join(folder, RESULT_FILE), `${JSON.stringify(evaluation)}\n`);
  const names = evaluation.classes.map(({ name }) => name);
  const matrix = ConfusionMatrix.fromJSON(evaluation.confusion);
  await writeImage(join(folder, CONFUSION_PICTURE), confusionPicture(matrix, names));
}

/** A name for each photo's picture: its file's, made unique. */
export function pictureNames(records: readonly OdgtRecord[]): string[] {
  const taken = new Set([basename(CONFUSION_PICTURE, ".png")]);
  return records.map(({ imagePath }) => {
    const stem = basename(imagePath, extname(imagePath));
    let name = stem;
    for (let i = 2; taken.has(name); i++) name = `${stem}-${i}`;
    taken.add(name);
    return name;
  });
}

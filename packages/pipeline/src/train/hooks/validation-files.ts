import { createReadStream } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readCheckpoint, writePth } from "@seg/checkpoint";
import { readTextFile, writeFileAtomic } from "@seg/node";
import * as z from "zod";
import type { Evaluation } from "../../evaluate/result.ts";
import { findInFolder, type WeightFiles } from "../../weights/find.ts";
import { fileOf, nameOf } from "../checkpoint-files.ts";

/** What an evaluation after an epoch found. */
export interface ValidationScores {
  /** Whole epochs done. */
  epoch: number;
  meanIou: number;
  pixelAccuracy: number;
}

/** The whole of it, as `evaluation_epoch_N.json` holds it. */
export type SavedEvaluation = Pick<
  Evaluation,
  Exclude<keyof Evaluation, "partial" | "total" | "flip" | "workers" | "engineSecondsPerImage" | "perImage">
> & { epoch: number };

const NAMES = /^(?:evaluation_epoch_(\d{1,15})\.json|validation_epoch_(\d{1,15})\.png)$/;

/** The file with all numbers of an evaluation. */
export const evaluationFile = (folder: string, epoch: number): string => join(folder, `evaluation_epoch_${epoch}.json`);

/** The file with a photo, its truth and its prediction after an epoch. */
export const pictureFile = (folder: string, epoch: number): string => join(folder, `validation_epoch_${epoch}.png`);

/** Removes what validations after later epochs left: it is not of the training that goes on from here. */
export async function removeLater(folder: string, epoch: number): Promise<void> {
  for (const file of await readdir(folder)) {
    const [match, evaluation, picture] = NAMES.exec(file) ?? [];
    if (match && Number(evaluation ?? picture) > epoch) await rm(join(folder, file), { force: true });
  }
}

/** What validations left in a folder, whoever's. */
export async function validationFiles(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((): string[] => []);
  return files.filter((file) => NAMES.test(file)).map((file) => join(folder, file));
}

/** The evaluations in a folder, in the order of their epochs; another program's files of their names are none. */
export async function readEvaluations(folder: string): Promise<ValidationScores[]> {
  const found: ValidationScores[] = [];
  for (const file of await validationFiles(folder)) {
    const saved = file.endsWith(".json") && (await readEvaluation(file));
    if (saved) found.push(saved);
  }
  return found.sort((a, b) => a.epoch - b.epoch);
}

const scoresSchema = z.object({ epoch: z.number().int().min(0), meanIou: z.number(), pixelAccuracy: z.number() });

/** A matrix of 255 classes, and a line for each. */
const LARGEST_EVALUATION = 10_000_000;

async function readEvaluation(file: string): Promise<ValidationScores | undefined> {
  try {
    const scores = scoresSchema.parse(JSON.parse(await readTextFile(file, { limit: LARGEST_EVALUATION })));
    // Its name says of which epoch it is.
    return file === evaluationFile(dirname(file), scores.epoch) ? scores : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the numbers of an evaluation. */
export async function saveEpochEvaluation(folder: string, evaluation: SavedEvaluation): Promise<void> {
  await writeFileAtomic(evaluationFile(folder, evaluation.epoch), `${JSON.stringify(evaluation)}\n`, {
    makeFolder: false,
  });
}

/** The first of the evaluations with the highest mean IoU. */
export function bestOf<T extends ValidationScores>(evaluations: readonly T[]): T | undefined {
  return evaluations.reduce<T | undefined>(
    (best, scores) => (best && best.meanIou >= scores.meanIou ? best : scores),
    undefined,
  );
}

/** Half of the best network. */
export const bestFile = (folder: string, half: keyof WeightFiles): string => join(folder, `${half}_best.pth`);

/**
 * Makes the networks of an epoch's checkpoint `encoder_best.pth` and `decoder_best.pth`. At no instant do the two belong to different
 * epochs: in between, there is no decoder.
 *
 * @throws {FileError} `unwritable`; those of the best epoch before are as they were.
 */
export async function copyBest(folder: string, epoch: number): Promise<void> {
  const position = { epoch, iteration: 0 };
  const own = { encoder: fileOf(folder, position, "encoder"), decoder: fileOf(folder, position, "decoder") };
  const { encoder, decoder } = { ...own, ...(await findInFolder(folder, `${nameOf(position)}.pth`)) };
  const removeDecoder = () => rm(bestFile(folder, "decoder"), { force: true });
  // A training may have gone on from networks from elsewhere.
  if (![encoder, decoder].every((file) => file.endsWith(".pth"))) {
    await removeDecoder();
    for (const [half, file] of Object.entries({ encoder, decoder } as const)) {
      await writePth(bestFile(folder, half as keyof WeightFiles), await readCheckpoint(file));
    }
    return;
  }
  const copy = (from: string, half: keyof WeightFiles, beforeRename: () => Promise<void>) =>
    writeFileAtomic(
      bestFile(folder, half),
      async (file) => {
        await writeFile(file, createReadStream(from));
        await beforeRename();
      },
      { makeFolder: false },
    );
  // Both copies are whole before the encoder's, the inner one, is renamed.
  await copy(decoder, "decoder", () => copy(encoder, "encoder", removeDecoder));
}

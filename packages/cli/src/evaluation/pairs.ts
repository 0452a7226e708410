import { basename, extname } from "node:path";
import { type OdgtRecord, pairImages } from "@seg/ade20k-data";
import type { Config } from "../config/schema.ts";
import { CliError } from "../errors.ts";
import { listedRecords } from "../listed-records.ts";
import { CONFUSION_PICTURE } from "./save.ts";

/** Where photos and labels come from: two folders, else the configuration's list. */
export interface PairSources {
  /** A folder of photos. */
  images?: string | undefined;
  /** The folder of their labels, PNG files of the same names. */
  labels?: string | undefined;
}

/**
 * The photos to score and their labels: from a pair of folders, or from `DATASET.list_val`, see {@link listedRecords}.
 *
 * @throws {CliError} `usage` if only one folder is named; `missing` if there is no list.
 * @throws {DataError} what is wrong with the list or the folders.
 */
export async function evaluationRecords(
  config: Config,
  { images, labels }: PairSources,
  signal?: AbortSignal,
): Promise<OdgtRecord[]> {
  if (images !== undefined && labels !== undefined) return pairImages(images, labels, { ...(signal && { signal }) });
  if (images !== undefined || labels !== undefined) {
    const [given, lacking] = images === undefined ? ["labels", "images"] : ["images", "labels"];
    throw new CliError(
      "usage",
      `Expected two folders but received only --${given}: name the other one by --${lacking}.`,
    );
  }
  return listedRecords(config, "val");
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

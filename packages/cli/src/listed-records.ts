import { existsSync } from "node:fs";
import { DataError, type OdgtRecord, readOdgt } from "@seg/ade20k-data";
import type { Config } from "./config/schema.ts";
import { CliError } from "./errors.ts";

/**
 * The photos of `DATASET.list_train` or `list_val`, whose paths start from `DATASET.root_dataset` or, where the first photo is not
 * there, from the list's own folder.
 *
 * @throws {CliError} `missing` if there is no list.
 * @throws {DataError} what is wrong with it.
 */
export async function listedRecords({ DATASET }: Config, which: "train" | "val"): Promise<OdgtRecord[]> {
  const list = DATASET[`list_${which}`];
  const records = await readOdgt(list, { root: DATASET.root_dataset }).catch((error) => {
    if (!(error instanceof DataError && error.code === "not-found")) throw error;
    throw new CliError(
      "missing",
      `Expected a list of photos and labels in ${list} but there is none: name one by --list-${which}, or get ADE20K by \`seg download ade20k\`.`,
      { cause: error },
    );
  });
  if (existsSync(records[0]!.imagePath)) return records;
  const beside = await readOdgt(list);
  return existsSync(beside[0]!.imagePath) ? beside : records;
}

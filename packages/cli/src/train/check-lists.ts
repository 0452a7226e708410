import { existsSync } from "node:fs";
import { checkDataset, type DatasetReport } from "@seg/ade20k-data";
import type { Config } from "../config/schema.ts";
import { listedRecords } from "../listed-records.ts";

/** What was found in one list. */
export interface ListReport extends DatasetReport {
  /** The list. */
  list: string;
}

/**
 * Looks at every photo and label of `DATASET.list_train` and, where there is one, `list_val`.
 *
 * @throws {CliError} `missing` if there is no list for training, or none for validation though `needVal`.
 */
export async function checkLists(
  config: Config,
  {
    needVal,
    onProgress,
    signal,
  }: { needVal: boolean; onProgress: (done: number, total: number) => void; signal?: AbortSignal | undefined },
): Promise<ListReport[]> {
  const reports: ListReport[] = [];
  for (const which of ["train", "val"] as const) {
    const list = config.DATASET[`list_${which}`];
    if (which === "val" && !needVal && !existsSync(list)) continue;
    const records = await listedRecords(config, which);
    const options = { numClasses: config.DATASET.num_class, onProgress, ...(signal && { signal }) };
    reports.push({ list, ...(await checkDataset(records, options)) });
  }
  return reports;
}

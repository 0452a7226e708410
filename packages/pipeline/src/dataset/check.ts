import { existsSync } from "node:fs";
import { checkDataset, DataError, type DatasetReport, type OdgtRecord } from "@seg/ade20k-data";
import type { Config } from "../config/schema.ts";
import { type ContextOptions, contextOf } from "../context.ts";
import { listedRecords } from "./records.ts";

/** How {@link checkRecords} works; `warn` is told of all problems but the first, which is thrown. */
export interface CheckRecordsOptions extends ContextOptions {
  numClasses: number;
}

/**
 * Looks at photos and labels before they are scored.
 *
 * @throws {DataError} the first problem, saying of how many.
 */
export async function checkRecords(
  records: readonly OdgtRecord[],
  { numClasses, ...options }: CheckRecordsOptions,
): Promise<void> {
  const { onProgress, warn, signal } = contextOf(options);
  const { problems, problemCount } = await checkDataset(records, {
    numClasses,
    onProgress: (done, total) => onProgress({ type: "check", done, total }),
    ...(signal && { signal }),
  });
  const [first, ...others] = problems;
  if (!first) return;
  for (const { message } of others) warn(message);
  if (problemCount === 1) throw first;
  const { code, message, data } = first;
  throw new DataError(code, `${message} It is the first of ${problemCount} problems.`, { data, cause: first });
}

/** What was found in one list. */
export interface ListReport extends DatasetReport {
  /** The list. */
  list: string;
}

/**
 * Looks at every photo and label of `DATASET.list_train` and, where there is one, `list_val`.
 *
 * @throws {PipelineError} `missing` if there is no list for training, or none for validation though `needVal`.
 */
export async function checkLists(
  config: Config,
  { needVal = false, ...options }: ContextOptions & { needVal?: boolean } = {},
): Promise<ListReport[]> {
  const { onProgress, signal } = contextOf(options);
  const reports: ListReport[] = [];
  for (const which of ["train", "val"] as const) {
    const list = config.DATASET[`list_${which}`];
    if (which === "val" && !needVal && !existsSync(list)) continue;
    const records = await listedRecords(config, which);
    const report = await checkDataset(records, {
      numClasses: config.DATASET.num_class,
      onProgress: (done, total) => onProgress({ type: "check", of: list, done, total }),
      ...(signal && { signal }),
    });
    reports.push({ list, ...report });
  }
  return reports;
}

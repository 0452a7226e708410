import pMap from "p-map";
import { DataError, refuseUnknown } from "./errors.ts";
import { readImageHeader } from "./image-header.ts";
import type { LabelConvention } from "./label-convention.ts";
import { countLabels, type LabelCounts, noCounts } from "./label-counts.ts";
import type { OdgtRecord } from "./odgt.ts";
import { readBytes } from "./read-bytes.ts";
import { readLabel } from "./read-label.ts";
import { checkListedSize, labelOf } from "./train-batch.ts";

/** What a data set is checked against, and who is told. */
export interface CheckOptions {
  /** How many classes there are: label values may be 0 to this. */
  numClasses: number;
  /** What label values, or colours, mean; default ADE20K's convention. */
  convention?: LabelConvention;
  /** How many problems are kept in full; default 20. */
  limit?: number;
  /** Told after each photo: how many are done, of how many, and how many problems there are so far. */
  onProgress?: (done: number, total: number, problems: number) => void;
  /** Stops the check; its reason is thrown. */
  signal?: AbortSignal;
}

const OPTIONS = ["numClasses", "convention", "limit", "onProgress", "signal"] satisfies (keyof CheckOptions)[];

/** What was found. */
export interface DatasetReport {
  /** Photos looked at. */
  checked: number;
  /** How many problems there are in all. */
  problemCount: number;
  /** The first of them by the list's order, each naming its file. */
  problems: DataError[];
  /** What the labels show that could be read. */
  counts: LabelCounts;
}

/**
 * Looks at everything that training would stumble over: that each photo is there, is an image and has the size the list says (its
 * header is read, its pixels are not), that each label is there, has the photo's size, decodes, and holds no value above `numClasses`;
 * and counts what the labels show. Goes on to the end, whatever it finds.
 *
 * @throws {DataError} `option` for an option that there is not; otherwise only what is no fault of the data, and the signal's reason.
 */
export async function checkDataset(records: readonly OdgtRecord[], options: CheckOptions): Promise<DatasetReport> {
  refuseUnknown(options, OPTIONS, "the options of checkDataset");
  const { numClasses, convention, limit = 20, onProgress, signal } = options;
  const counts = noCounts(numClasses);
  const lookAtLabel = async (record: OdgtRecord) => {
    const { width, height } = record;
    countLabels(counts, await readLabel(labelOf(record), { numClasses, convention, width, height }));
  };
  const found: { i: number; problem: DataError }[] = [];
  let done = 0;
  let problemCount = 0;
  const check = async (record: OdgtRecord, i: number) => {
    signal?.throwIfAborted();
    for (const look of [lookAtPhoto, lookAtLabel]) {
      const problem = await look(record).then(() => undefined, asDataError);
      if (!problem) continue;
      problemCount++;
      found.push({ i, problem });
    }
    // Several are looked at at once, so the first ones need not be found first.
    found.sort((a, b) => a.i - b.i).splice(limit);
    done++;
    onProgress?.(done, records.length, problemCount);
  };
  // Decoding keeps several threads busy.
  await pMap(records, check, { concurrency: 8 });
  return { checked: done, problemCount, problems: found.map(({ problem }) => problem), counts };
}

async function lookAtPhoto(record: OdgtRecord): Promise<void> {
  checkListedSize(record, await readImageHeader(await readBytes(record.imagePath), record.imagePath));
}

function asDataError(error: unknown): DataError {
  if (error instanceof DataError) return error;
  throw error;
}

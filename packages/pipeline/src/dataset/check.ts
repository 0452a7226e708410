import { existsSync } from "node:fs";
import {
  checkDataset,
  DataError,
  type DatasetReport,
  type LabelConvention,
  type LabelCounts,
  type OdgtRecord,
} from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { type ContextOptions, contextOf } from "../context.ts";
import { briefly } from "./briefly.ts";
import { classSet } from "./classes.ts";
import { doubtfulPhotos } from "./doubtful-photos.ts";
import type { DividedFolders } from "./folders.ts";
import {
  type ClassOccurrence,
  nothingToLearn,
  refuseOneClass,
  sharesOf,
  summaryOf,
  suspicions,
} from "./judge-labels.ts";
import { labelConvention } from "./label-convention.ts";
import { listedRecords } from "./records.ts";

/** How {@link checkRecords} works; `warn` is told of all problems but the first, which is thrown. */
export interface CheckRecordsOptions extends ContextOptions {
  numClasses: number;
  convention: LabelConvention;
  /** The most pixels of a photo or label (`DATASET.max_pixels`). */
  maxPixels: number;
}

/**
 * Looks at photos and labels before they are scored.
 *
 * @returns what the labels show.
 * @throws {DataError} the first problem, saying of how many.
 */
export async function checkRecords(
  records: readonly OdgtRecord[],
  { numClasses, convention, maxPixels, ...options }: CheckRecordsOptions,
): Promise<LabelCounts> {
  const { onProgress, warn, signal } = contextOf(options);
  const { problems, problemCount, counts, silent } = await checkDataset(records, {
    numClasses,
    convention,
    maxPixels,
    onProgress: (done, total) => onProgress({ type: "check", done, total }),
    ...(signal && { signal }),
  });
  for (const line of doubtfulPhotos({ silent }, convention)) warn(line);
  const [first] = problems;
  if (!first) return counts;
  for (const line of briefly(problems.map(({ message }) => message)).slice(1)) warn(line);
  if (problemCount === 1) throw first;
  const { code, message, data } = first;
  throw new DataError(code, `${message} It is the first of ${problemCount} problems.`, { data, cause: first });
}

/** What was found in one list. */
export interface ListReport extends DatasetReport {
  /** The list. */
  list: string;
  /** What its labels show, in a line. */
  summary: string;
  /** Each class's pixels and label maps, the largest first. */
  occurrences: ClassOccurrence[];
  /** What is suspicious about the labels, of a list for training only, and about photos. */
  warnings: string[];
}

/**
 * Looks at every photo and label of `DATASET.list_train` and, where there is one, `list_val`, and counts what the labels show. That a
 * list for training teaches nothing is one of its problems.
 *
 * @param options - `folders` are looked at in place of the lists, see {@link divideFolders}.
 * @throws {PipelineError} `config` if there is but one class, or the label convention does not fit;
 *   {PipelineError} `missing` if there is no list for training, or none for validation though `needVal`.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, pairImages, writeImage, writeLabelPng, writeOdgt } from "@seg/ade20k-data";
 * import { loadConfig } from "@seg/pipeline/config";
 * import { checkLists } from "@seg/pipeline/dataset";
 *
 * // A label that is smaller than its photo.
 * await writeImage("photos/1.png", { data: new Uint8Array(32 * 32 * 3), width: 32, height: 32 });
 * await writeLabelPng("labels/1.png", { labels: new Uint8Array(16 * 16), width: 16, height: 16 }, ADE20K_CLASSES);
 * await writeOdgt("training.odgt", await pairImages("photos", "labels"));
 * const [report] = await checkLists(loadConfig({ set: ["DATASET.list_train=training.odgt"] }).config);
 * const [problem] = report?.problems ?? [];
 * console.log(report?.problemCount, problem?.code, /but received 16×16/.test(problem?.message ?? "")); // 1 bad-label true
 * ```
 */
export async function checkLists(
  config: Config,
  { needVal = false, folders, ...options }: ContextOptions & { needVal?: boolean; folders?: DividedFolders } = {},
): Promise<ListReport[]> {
  const { onProgress, signal } = contextOf(options);
  refuseOneClass(config);
  const classes = await classSet(config);
  const convention = await labelConvention(config);
  const reports: ListReport[] = [];
  for (const which of ["train", "val"] as const) {
    const isOwn = folders && (which === "train" || folders.val.length > 0 || !needVal);
    if (isOwn && folders[which].length === 0) continue;
    const list = isOwn
      ? `photos for ${which === "train" ? "training" : "validation"}`
      : config.DATASET[`list_${which}`];
    if (!isOwn && which === "val" && !needVal && !existsSync(list)) continue;
    const records = isOwn ? folders[which] : await listedRecords(config, which, { signal });
    const report = await checkDataset(records, {
      numClasses: classes.length,
      convention,
      decode: true,
      sizes: config.DATASET.imgSizes,
      maxSize: config.DATASET.imgMaxSize,
      maxPixels: config.DATASET.max_pixels,
      onProgress: (done, total) => onProgress({ type: "check", of: list, done, total }),
      ...(signal && { signal }),
    });
    const { counts } = report;
    const counted = { counts, classes, of: list, labelMap: config.DATASET.label_map, whole: true };
    const senseless = which === "train" ? nothingToLearn(counted) : undefined;
    reports.push({
      ...{ list, ...report, summary: summaryOf(counted), occurrences: sharesOf(counts, classes) },
      warnings: [...(which === "train" ? suspicions(counted) : []), ...doubtfulPhotos(report, convention)],
      ...(senseless && { problems: [...report.problems, senseless], problemCount: report.problemCount + 1 }),
    });
  }
  return reports;
}

import pMap from "p-map";
import { decodeImage } from "./decode-image.ts";
import { DataError, refuseUnknown } from "./errors.ts";
import { readImageHeader } from "./image-header.ts";
import type { PixelLimit } from "./image-limits.ts";
import type { LabelConvention } from "./label-convention.ts";
import { countLabels, type LabelCounts, sumCounts } from "./label-counts.ts";
import { type DoubtfulPhotos, inOrder, noteDoubts } from "./look-at-photos.ts";
import { type OdgtRecord, placeOf } from "./odgt.ts";
import type { ShownSize } from "./orientation.ts";
import { readBytes } from "./read-bytes.ts";
import { readLabel } from "./read-label.ts";
import { checkListedSize, labelOf } from "./read-pair.ts";

/** What a data set is checked against, and who is told. */
export interface CheckOptions extends PixelLimit {
  /** How many classes there are: label values may be 0 to this. */
  numClasses: number;
  /** What label values, or colours, mean; default ADE20K's convention. */
  convention?: LabelConvention;
  /** The short sides, in pixels, that photos are brought to (`DATASET.imgSizes`), if it shall be checked that they can be. */
  sizes?: readonly number[];
  /** The long side's limit (`DATASET.imgMaxSize`) then; default 1000. */
  maxSize?: number;
  /** Decode the photos too, not only their headers; default false. */
  decode?: boolean;
  /** How many problems are kept in full; default 20. */
  limit?: number;
  /** Told after each photo: how many are done, of how many, and how many problems there are so far. */
  onProgress?: (done: number, total: number, problems: number) => void;
  /** Stops the check; its reason is thrown. */
  signal?: AbortSignal;
}

const OPTIONS = [
  "numClasses",
  "convention",
  "sizes",
  "maxSize",
  "decode",
  "limit",
  "onProgress",
  "signal",
  "maxPixels",
] satisfies (keyof CheckOptions)[];

/** What was found. */
export interface DatasetReport extends DoubtfulPhotos {
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
 * header is read, its pixels only with `decode`), that each label is there, has the photo's size, decodes, and holds no value above `numClasses`;
 * and counts what the labels show. Of a file that is not there, is none, or is not listed, the list and its line are told. Goes on to the end, whatever it finds.
 *
 * @throws {DataError} `option` for an option that there is not; otherwise only what is no fault of the data, and the signal's reason.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, blankImage, checkDataset, writeImage, writeLabelPng } from "@seg/ade20k-data";
 *
 * await writeImage("checked.png", blankImage(2, 2));
 * // In the file: 1 1
 * //              2 3
 * await writeLabelPng("checked-label.png", { labels: new Uint8Array([0, 0, 1, 2]), width: 2, height: 2 }, ADE20K_CLASSES);
 * const record = { imagePath: "checked.png", labelPath: "checked-label.png", width: 2, height: 2 };
 * const { problems } = await checkDataset([record], { numClasses: 2 });
 * for (const { code, data } of problems) console.log(code, data.value, data.x, data.y); // bad-label 3 1 1
 * ```
 */
export async function checkDataset(records: readonly OdgtRecord[], options: CheckOptions): Promise<DatasetReport> {
  refuseUnknown(options, OPTIONS, "the options of checkDataset");
  const { numClasses, convention, maxPixels, limit = 20, onProgress, signal } = options;
  const counts: Uint32Array[] = [];
  const doubts: DoubtfulPhotos = { silent: [], thin: [] };
  const lookAtPhoto = async (record: OdgtRecord): Promise<ShownSize> => {
    const photo = await readImageHeader(await readBytes(record.imagePath), record.imagePath, { maxPixels });
    noteDoubts(doubts, photo, { ...options, name: record.imagePath });
    checkListedSize(record, photo);
    if (options.decode) await decodeImage(record.imagePath, { maxPixels });
    return photo;
  };
  const lookAtLabel = async (record: OdgtRecord, photo: ShownSize) => {
    const { width, height, orientation } = photo;
    // Of a photo that cannot be read nobody may know the size.
    const checks = { numClasses, convention, maxPixels, ...(width > 0 && { width, height, orientation }) };
    counts.push(countLabels(await readLabel(labelOf(record), checks), numClasses));
  };
  const found: { i: number; problem: DataError }[] = [];
  let done = 0;
  let problemCount = 0;
  const check = async (record: OdgtRecord, i: number) => {
    signal?.throwIfAborted();
    const tell = (error: unknown) => {
      if (!(error instanceof DataError)) throw error;
      problemCount++;
      found.push({ i, problem: withPlace(error, record) });
    };
    const photo = await lookAtPhoto(record).catch(tell);
    // Beside a photo that is wrong, the list's word counts.
    await lookAtLabel(record, photo ?? { ...record, orientation: 1 }).catch(tell);
    // Several are looked at at once, so the first ones need not be found first.
    found.sort((a, b) => a.i - b.i).splice(limit);
    done++;
    onProgress?.(done, records.length, problemCount);
  };
  // Decoding keeps several threads busy.
  await pMap(records, check, { concurrency: 8 });
  return {
    checked: done,
    problemCount,
    problems: found.map(({ problem }) => problem),
    counts: sumCounts(counts, numClasses),
    ...inOrder(doubts),
  };
}

/** What is to be corrected in a list, if its record was read from one. */
const OF_THE_LIST: readonly string[] = ["not-found", "unreadable", "bad-list"];

/** The problem with the list and the line that it comes from before it. */
function withPlace(problem: DataError, record: OdgtRecord): DataError {
  const { code, message, data } = problem;
  const place = placeOf(record);
  if (!place || !OF_THE_LIST.includes(code)) return problem;
  const { file: list, line: listLine } = place;
  return new DataError(code, `${list}:${listLine}: ${message}`, { data: { ...data, list, listLine }, cause: problem });
}

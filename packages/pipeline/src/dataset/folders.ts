import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { type OdgtRecord, writeOdgt } from "@seg/ade20k-data";
import type { Config, Resolved } from "@seg/segmenter/config";
import { knowsItself } from "../config/folder.ts";
import type { ContextOptions } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { setAside } from "../train/checkpoint-files.ts";
import { bothFolders, ownLists, type PairSources, pairFolders } from "./records.ts";

/** Photos and labels to train on in folders, in place of lists. */
export interface FolderSources extends PairSources {
  /** The share of the photos that is set aside for validation, from 0 up to, but not, 1; default 0. */
  valSplit?: number | undefined;
  /** A folder of photos for validation, instead of a share. */
  valImages?: string | undefined;
  /** The folder of their labels. */
  valLabels?: string | undefined;
}

/** The names of {@link FolderSources}. */
export const FOLDER_OPTIONS = ["images", "labels", "labelSuffix", "valSplit", "valImages", "valLabels"] as const;

/** The photos of folders, divided. */
export interface DividedFolders {
  train: OdgtRecord[];
  /** Empty where there is no validation. */
  val: OdgtRecord[];
}

/**
 * Pairs the photos and labels of folders and sets some aside for validation: which ones, depends on their paths in the folder and on
 * `TRAIN.seed` alone, so that the same folder is divided alike everywhere, and a photo that is added moves no other.
 *
 * @returns undefined where no folder is named.
 * @throws {PipelineError} `option` if the options contradict each other or a list, or there are too few photos to divide.
 * @throws {DataError} what is wrong with the folders.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, writeImage, writeLabelPng } from "@seg/ade20k-data";
 * import { loadConfig } from "@seg/pipeline/config";
 * import { divideFolders } from "@seg/pipeline/dataset";
 *
 * const [width, height] = [32, 32];
 * const map = { labels: new Uint8Array(width * height), width, height };
 * for (const name of ["1", "2", "3", "4"]) {
 *   await writeImage(`four/photos/${name}.png`, { data: new Uint8Array(width * height * 3), width, height });
 *   await writeLabelPng(`four/labels/${name}.png`, map, ADE20K_CLASSES);
 * }
 * const sources = { images: "four/photos", labels: "four/labels", valSplit: 0.25 };
 * const folders = await divideFolders(loadConfig(), sources);
 * console.log(folders?.train.length, folders?.val.length); // 3 1
 * ```
 */
export async function divideFolders(
  { config, settings }: Resolved,
  sources: FolderSources,
  options: ContextOptions & { keepUnreadable?: boolean } = {},
): Promise<DividedFolders | undefined> {
  const { valSplit = 0 } = sources;
  const folders = bothFolders(sources, ["images", "labels"]);
  const valFolders = bothFolders({ images: sources.valImages, labels: sources.valLabels }, ["valImages", "valLabels"]);
  if (!(valSplit >= 0 && valSplit < 1)) {
    throw wrong("valSplit", valSplit, "a share from 0 up to, but not, 1 for --val-split", String(valSplit), "0.1, say");
  }
  if (!folders) {
    const [given] = valFolders ? ["val-images"] : sources.valSplit === undefined ? [] : ["val-split"];
    if (given) throw wrong("images", given, "a folder of photos to train on", `only --${given}`, "name it by --images");
    return undefined;
  }
  if (settings.get("DATASET.list_train")?.explicit) {
    throw wrong("images", config.DATASET.list_train, "folders or a list to train on", "both", "leave one of them out");
  }
  if (valFolders && valSplit > 0) {
    throw wrong("valSplit", valSplit, "--val-split or --val-images", "both", "leave one of them out");
  }
  const pair = (of: { images: string; labels: string }) => pairFolders(of, sources.labelSuffix, options);
  const records = await pair(folders);
  if (valFolders) return { train: records, val: await pair(valFolders) };
  if (valSplit > 0 && records.length < 2) {
    const expected = `at least 2 photos in ${folders.images} to set some aside of`;
    throw wrong("valSplit", valSplit, expected, String(records.length), "leave --val-split out");
  }
  return divide(records, valSplit, (photo) => placeOf(relative(folders.images, photo), config.TRAIN.seed));
}

function wrong(option: string, received: unknown, expected: string, but: string, hint: string): PipelineError {
  return new PipelineError("option", { expected, received: but, hint }, { data: { option, received } });
}

/** A number, as text, for a photo, that has nothing to do with its name. */
function placeOf(path: string, seed: number): string {
  const name = path.split(sep).join("/").normalize();
  return createHash("sha256").update(`${seed} ${name}`).digest("hex");
}

function divide(records: OdgtRecord[], share: number, place: (photo: string) => string): DividedFolders {
  const count = share === 0 ? 0 : Math.min(records.length - 1, Math.max(1, Math.round(records.length * share)));
  const places = new Map(records.map((record) => [record, place(record.imagePath)]));
  const byPlace = [...records].sort((a, b) => (places.get(a)! < places.get(b)! ? -1 : 1));
  const val = new Set(byPlace.slice(0, count));
  return { train: records.filter((record) => !val.has(record)), val: records.filter((record) => val.has(record)) };
}

/** Whether the folder `DIR` holds the list of a training on folders. */
export const hasOwnLists = (config: Config): boolean => existsSync(ownLists(config).train);

/** The configuration with the lists that {@link writeLists} writes; a list for validation that was named for this run stays. */
export function withOwnLists({ config, settings }: Resolved, hasValidation: boolean): Config {
  const { train: list_train, val } = ownLists(config);
  const keeps = !hasValidation && settings.get("DATASET.list_val")?.explicit;
  const DATASET = keeps
    ? { ...config.DATASET, list_train }
    : { ...config.DATASET, list_train, list_val: val, root_dataset: config.DIR };
  return { ...config, DATASET };
}

/**
 * Writes the lists of a training on folders into `DIR`, so that it can be resumed and scored with the same photos. Lists of these names that
 * no training left there are renamed.
 *
 * @returns the new names of what was renamed.
 */
export async function writeLists(config: Config, { train, val }: DividedFolders): Promise<string[]> {
  const lists = ownLists(config);
  const aside = knowsItself(config.DIR) ? [] : await setAside([lists.train, lists.val]);
  await writeOdgt(lists.train, train);
  if (val.length > 0) await writeOdgt(lists.val, val);
  return aside;
}

/**
 * In which ways the folders that were named for this run are not what the lists of the training were made of, which is what counts.
 *
 * @param folder - of the training.
 * @returns lines for its user; none where all is as it was.
 */
export function unlikeLists(
  lists: DividedFolders,
  folders: DividedFolders,
  { folder, images = "", labels = "" }: FolderSources & { folder: string },
): string[] {
  const known = new Map([...lists.train, ...lists.val].map(({ imagePath, labelPath }) => [imagePath, labelPath]));
  const named = [...folders.train, ...folders.val].map(({ imagePath, labelPath }) => ({
    imagePath: resolve(imagePath),
    labelPath: labelPath && resolve(labelPath),
  }));
  const shared = named.filter(({ imagePath }) => known.has(imagePath));
  const ignored = `are not what the training in ${folder} was begun with`;
  const way = "they are ignored. To train on them, set DIR to another folder";
  const first = lists.train[0]!;
  if (shared.length === 0)
    return [`The photos of --images ${images} ${ignored} (${dirname(first.imagePath)}): ${way}.`];
  const lines: string[] = [];
  const relabelled = shared.find(({ imagePath, labelPath }) => known.get(imagePath) !== labelPath);
  const before = relabelled && known.get(relabelled.imagePath);
  if (before) lines.push(`The labels of --labels ${labels} ${ignored} (${dirname(before)}): ${way}.`);
  const added = named.length - shared.length;
  if (added > 0) {
    const photos = added === 1 ? "1 photo was" : `${added} photos were`;
    lines.push(
      `${photos} added to ${images} since the training in ${folder} began, and ${added === 1 ? "is" : "are"} not used. To train on all, set DIR to another folder.`,
    );
  }
  return lines;
}

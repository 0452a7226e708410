import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { DataError, describeLeftOut, type LeftOut, type OdgtRecord, pairImages, readOdgt } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";

/**
 * The photos of `DATASET.list_train` or `list_val`, whose paths start from `DATASET.root_dataset` or, where the first photo is not
 * there, from the list's own folder.
 *
 * @throws {PipelineError} `missing` if there is no list.
 * @throws {DataError} what is wrong with it.
 */
export async function listedRecords(
  config: Config,
  which: "train" | "val",
  { signal }: Pick<ContextOptions, "signal"> = {},
): Promise<OdgtRecord[]> {
  const { DATASET, DIR } = config;
  const list = DATASET[`list_${which}`];
  const records = await readOdgt(list, { root: DATASET.root_dataset, signal }).catch((error) => {
    if (!(error instanceof DataError && error.code === "not-found")) throw error;
    const isOwn = which === "val" && resolve(list) === resolve(ownLists(config).val);
    throw new PipelineError(
      "missing",
      isOwn
        ? {
            expected: "photos to score on",
            but: `the training in ${DIR} set none aside`,
            hint: "name folders by --images and --labels, or a list by --list-val",
          }
        : {
            expected: `a list of photos and labels in ${list}`,
            but: "there is none",
            hint: `name one by --list-${which}, folders by --images and --labels, or get ADE20K by \`seg download ade20k\``,
          },
      { data: { file: list, key: `DATASET.list_${which}` }, cause: error },
    );
  });
  // A pipe gives its lines once.
  if (existsSync(records[0]!.imagePath) || !statSync(list).isFile()) return records;
  const beside = await readOdgt(list, { signal });
  return existsSync(beside[0]!.imagePath) ? beside : records;
}

/** Where the lists of a training on folders lie. */
export const ownLists = ({ DIR }: Config) => ({ train: join(DIR, "list_train.odgt"), val: join(DIR, "list_val.odgt") });

/** Where photos and labels come from: two folders, else the configuration's list. */
export interface PairSources {
  /** A folder of photos. */
  images?: string | undefined;
  /** The folder of their labels, PNG files of the same names. */
  labels?: string | undefined;
  /** What the labels' names have behind the photos': `_mask`. */
  labelSuffix?: string | undefined;
}

/**
 * The photos to score and their labels: from a pair of folders, or from `DATASET.list_val`, see {@link listedRecords}.
 *
 * @throws {PipelineError} `option` if only one folder is named; `missing` if there is no list.
 * @throws {DataError} what is wrong with the list or the folders.
 */
export async function evaluationRecords(
  config: Config,
  { images, labels, labelSuffix }: PairSources,
  options: ContextOptions = {},
): Promise<OdgtRecord[]> {
  const folders = bothFolders({ images, labels }, ["images", "labels"]);
  if (folders) return pairFolders(folders, labelSuffix, options);
  return listedRecords(config, "val", options);
}

/** Pairs the photos and labels of two folders; what is left out is told. A check keeps photos that cannot be read. */
export function pairFolders(
  { images, labels }: { images: string; labels: string },
  labelSuffix: string | undefined,
  { keepUnreadable, ...options }: ContextOptions & { keepUnreadable?: boolean },
): Promise<OdgtRecord[]> {
  const { warn, onProgress, signal } = contextOf(options);
  const onLeftOut = (leftOut: LeftOut[]) => {
    const line = describeLeftOut(leftOut);
    if (line) warn(line);
  };
  return pairImages(images, labels, {
    labelSuffix,
    onLeftOut,
    keepUnreadable,
    onProgress: (done, total) => onProgress({ type: "check", of: `sizes in ${images}`, done, total }),
    signal,
  });
}

/**
 * The two folders, if they are named.
 *
 * @param names - of the options.
 * @throws {PipelineError} `option` if only one is.
 */
export function bothFolders(
  { images, labels }: PairSources,
  names: readonly [images: string, labels: string],
): { images: string; labels: string } | undefined {
  if (images !== undefined && labels !== undefined) return { images, labels };
  if (images === undefined && labels === undefined) return undefined;
  const [lacking, given] = images === undefined ? names : [names[1], names[0]];
  const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new PipelineError(
    "option",
    { expected: "two folders", received: `only ${flagOf(given)}`, hint: `name the other one by ${flagOf(lacking)}` },
    { data: { option: lacking, received: given } },
  );
}

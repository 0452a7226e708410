import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import { explainFullAde20k, type OdgtRecord, pairImages, readOdgt, writeOdgt } from "@seg/ade20k-data";
import { shownUrl } from "@seg/errors";
import { ensureWritable, writeFileAtomic } from "@seg/node";
import { type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { download } from "../weights/download.ts";
import { type ServerOptions, transferOptions } from "../weights/server.ts";
import { digestOf } from "../weights/verify.ts";
import { unpackZip, whyNotZip } from "./unpack-zip.ts";

/** Where MIT publishes ADE20K's scene-parsing benchmark; by http alone where the server has no https. */
const ADE20K_URL = "https://data.csail.mit.edu/places/ADEchallenge/ADEChallengeData2016.zip";

/** That file's SHA-1, as GluonCV's script for ADE20K has it. */
const ADE20K_SHA1 = "219e1696abb36c8ba3a3afe7fb2f4b4606a897c7";

const ROOT = "ADEChallengeData2016";
const SPLITS = ["training", "validation"] as const;

/** How {@link fetchAde20k} works. */
export interface Ade20kOptions extends ContextOptions, Omit<ServerOptions, "mirror"> {
  /** The data folder (`DATASET.root_dataset`). */
  folder: string;
  /** A zip file that is here already. */
  from?: string | undefined;
  /** The zip's address; MIT's unless given. */
  url?: string | undefined;
}

/** One half of the data set. */
export interface SplitInfo {
  /** Its odgt file. */
  list: string;
  photos: number;
}

/** Where the data set lies. */
export type Ade20kInfo = Record<"training" | "validation", SplitInfo>;

/**
 * Brings ADE20K into a folder in MIT's layout: downloads the zip unless it is there, unpacks it with its checksums, and writes
 * `training.odgt` and `validation.odgt`, which come last and so tell that all is there. What an earlier call has done is not done again.
 *
 * @throws {PipelineError} `missing` if the zip cannot be had; `failed` if it is damaged or the disk is too small.
 * @throws {DataError} if a photo in it is damaged or has no label.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, pairImages, writeImage, writeLabelPng, writeOdgt } from "@seg/ade20k-data";
 * import { fetchAde20k } from "@seg/pipeline/dataset";
 *
 * // What a call leaves in its folder, with one photo instead of thousands; another call fetches nothing.
 * const [root, width, height] = ["data/ADEChallengeData2016", 32, 32];
 * for (const split of ["training", "validation"]) {
 *   const [images, labels] = [`${root}/images/${split}`, `${root}/annotations/${split}`];
 *   await writeImage(`${images}/1.png`, { data: new Uint8Array(width * height * 3), width, height });
 *   await writeLabelPng(`${labels}/1.png`, { labels: new Uint8Array(width * height), width, height }, ADE20K_CLASSES);
 *   await writeOdgt(`data/${split}.odgt`, await pairImages(images, labels));
 * }
 * const { training, validation } = await fetchAde20k({ folder: "data" });
 * console.log(training.list, training.photos, validation.photos); // data/training.odgt 1 1
 * ```
 */
export async function fetchAde20k(options: Ade20kOptions): Promise<Ade20kInfo> {
  const { folder, from } = options;
  const { log, onProgress, signal } = contextOf(options);
  const before = await readLists(folder);
  if (before) {
    log(`ADE20K is in ${folder} already.`);
    return before;
  }
  await ensureWritable(folder, "name another one by --dir");
  const zip = from ?? join(folder, `${ROOT}.zip`);
  if (from) await refuseFolder(from);
  else await fetchZip(zip, options);

  await unpackZip(zip, folder, {
    signal,
    // What the user has brought is the user's.
    wayOut: from
      ? "get it again, or name another one by --from"
      : "delete it and run the command again, or name another one by --from",
    wanted: isAde20k,
    onProgress: (done, total) => onProgress({ type: "unpack", file: zip, done, total }),
    check: async (names) => {
      refuseFullData(zip, names);
      await writeFileAtomic(unfinishedOf(folder), UNFINISHED);
    },
  });
  const records = new Map<string, OdgtRecord[]>();
  for (const split of SPLITS) {
    const [images, labels] = [join(folder, ROOT, "images", split), join(folder, ROOT, "annotations", split)];
    if (!existsSync(images) || !existsSync(labels)) {
      const expected = [`${ROOT}/images/${split}`, `${ROOT}/annotations/${split}`];
      throw new PipelineError(
        "missing",
        {
          expected: `${expected.join(" and ")} in ${zip}`,
          but: "they are not there",
          hint: "name MIT's own zip",
        },
        { data: { file: zip, expected } },
      );
    }
    log(`Reading the sizes of ${split} photos…`);
    const told = (done: number, total: number) => onProgress({ type: "check", of: `${split} photos`, done, total });
    records.set(split, await pairImages(images, labels, { onProgress: told, signal }));
  }
  for (const [split, list] of records) await writeOdgt(listOf(folder, split), list);
  await rm(unfinishedOf(folder), { force: true });
  if (!from) log(`${zip} is no longer needed.`);
  return Object.fromEntries(
    SPLITS.map((split) => [split, { list: listOf(folder, split), photos: records.get(split)!.length }]),
  ) as Ade20kInfo;
}

/** What MIT's zip holds: photos, labels, and two lists. Nothing else is unpacked. */
const isAde20k = (name: string) =>
  /^ADEChallengeData2016\/((images\/(training|validation)\/[\w-]+\.jpg)|(annotations\/(training|validation)\/[\w-]+\.png)|(objectInfo150|sceneCategories)\.txt)$/.test(
    name,
  );

/** @throws {PipelineError} `missing` if it is a folder, or holds the full data set. */
async function refuseFolder(from: string): Promise<void> {
  const files = await readdir(from).catch(() => undefined);
  if (!files) return;
  refuseFullData(resolve(from), files);
  throw new PipelineError(
    "missing",
    {
      expected: `the file ${ROOT}.zip at ${from}`,
      but: "it is a folder",
      hint: `name the zip by --from; a folder of photos and labels needs no download: --images ${join(from, "images/training")} --labels ${join(from, "annotations/training")}`,
    },
    { data: { file: from } },
  );
}

/** @throws {PipelineError} `missing` for the full data set, of which the benchmark's is a part with other labels. */
function refuseFullData(from: string, files: readonly string[]): void {
  const explanation = explainFullAde20k(from, files);
  if (explanation) throw new PipelineError("missing", explanation, { data: { file: from } });
}

/** Lies there from before the unpacking begins until all is there. */
const unfinishedOf = (folder: string) => join(folder, `${ROOT}.unfinished`);

const UNFINISHED = "ADE20K is being unpacked here, or was not to the end: `seg download ade20k` goes on.\n";

/** Whether ADE20K was begun to be unpacked in a folder, and not all of it is there. */
export const isUnfinished = (folder: string): boolean => existsSync(unfinishedOf(folder));

const listOf = (folder: string, split: string) => join(folder, `${split}.odgt`);

/**
 * What the lists name, if they and all their files are there.
 *
 * @throws {PipelineError} `failed` if they are another data set's, which must not be overwritten.
 */
async function readLists(folder: string): Promise<Ade20kInfo | undefined> {
  const found: Partial<Ade20kInfo> = {};
  for (const split of SPLITS) {
    const list = listOf(folder, split);
    if (!existsSync(list)) continue;
    const records = await readOdgt(list);
    if (!records.every(({ imagePath }) => imagePath.startsWith(resolve(folder, ROOT) + sep))) {
      throw new PipelineError(
        "failed",
        {
          expected: `to write ${list}`,
          but: "it lists photos that are not ADE20K's",
          hint: "move it, or name another folder by --dir",
        },
        { data: { file: list } },
      );
    }
    const isThere = (file: string | undefined) => file !== undefined && existsSync(file);
    if (records.every(({ imagePath, labelPath }) => isThere(imagePath) && isThere(labelPath))) {
      found[split] = { list, photos: records.length };
    }
  }
  return found.training && found.validation ? (found as Ade20kInfo) : undefined;
}

async function fetchZip(zip: string, options: Ade20kOptions): Promise<void> {
  const { url = ADE20K_URL } = options;
  const { warn, onProgress, signal } = contextOf(options);
  const address = shownUrl(url);
  const isWhole = async (file: string) => {
    const wrong = await whyNotZip(file);
    if (wrong !== undefined) warn(`${file} is no whole zip file (${wrong}): downloading it again.`);
    return wrong === undefined;
  };
  if (existsSync(zip) && (await isWhole(zip))) return;
  const told = (received: number, total?: number) =>
    onProgress({ type: "download", url: address, file: zip, received, total });
  try {
    await download(url, zip, {
      ...transferOptions(basename(zip), url === ADE20K_URL, options),
      wayOut: "name another folder by --dir",
      isWhole: async (file) => (await whyNotZip(file)) === undefined,
      verify: async (file) =>
        (await whyNoZip(file)) ?? (url === ADE20K_URL ? await whyNotMits(file, signal) : undefined),
      onProgress: told,
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof PipelineError && error.code === "download")) throw error;
    const reason = error.message;
    throw new PipelineError(
      "missing",
      {
        expected: "ADE20K",
        but: `${address} did not give it (${reason})`,
        hint: `try again later, or get that file elsewhere and put it to ${zip}, or name it by --from`,
      },
      { data: { url: address, file: zip, reason }, cause: error },
    );
  }
}

async function whyNoZip(file: string): Promise<string | undefined> {
  const reason = await whyNotZip(file);
  return reason === undefined ? undefined : `what came is no zip file that can be unpacked: ${reason}`;
}

async function whyNotMits(file: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const sha1 = await digestOf("sha1", file, signal);
  return sha1 === ADE20K_SHA1 ? undefined : `what came is not MIT's zip: its SHA-1 is ${sha1}, not ${ADE20K_SHA1}`;
}

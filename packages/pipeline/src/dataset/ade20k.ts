import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { explainFullAde20k, type OdgtRecord, pairImages, readOdgt, writeOdgt } from "@seg/ade20k-data";
import { ensureWritable } from "@seg/node";
import { type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { download } from "../weights/download.ts";
import { unpackZip } from "./unpack-zip.ts";

/** Where MIT publishes ADE20K's scene-parsing benchmark. */
const ADE20K_URL = "http://data.csail.mit.edu/places/ADEchallenge/ADEChallengeData2016.zip";

const ROOT = "ADEChallengeData2016";
const SPLITS = ["training", "validation"] as const;

/** How {@link fetchAde20k} works. */
export interface Ade20kOptions extends ContextOptions {
  /** The data folder (`DATASET.root_dataset`). */
  folder: string;
  /** A zip file that is here already. */
  from?: string | undefined;
  /** The zip's address; MIT's unless given. */
  url?: string | undefined;
  /** Milliseconds before a download's first retry; 500 unless given. */
  backoff?: number | undefined;
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
 */
export async function fetchAde20k(options: Ade20kOptions): Promise<Ade20kInfo> {
  const { folder, from } = options;
  const { log, onProgress, signal } = contextOf(options);
  const before = await readLists(folder);
  if (before) {
    log(`ADE20K is in ${folder} already.`);
    return before;
  }
  await ensureWritable(folder);
  const zip = from ?? join(folder, `${ROOT}.zip`);
  if (from) await refuseFolder(from);
  else await fetchZip(zip, options);

  await unpackZip(zip, folder, {
    signal,
    onProgress: (done, total) => onProgress({ type: "unpack", file: zip, done, total }),
    check: (names) => refuseFullData(zip, names),
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
  if (!from) log(`${zip} is no longer needed.`);
  return Object.fromEntries(
    SPLITS.map((split) => [split, { list: listOf(folder, split), photos: records.get(split)!.length }]),
  ) as Ade20kInfo;
}

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
  if (existsSync(zip)) return;
  const { url = ADE20K_URL, backoff } = options;
  const { log, onProgress, signal } = contextOf(options);
  const told = (received: number, total?: number) => onProgress({ type: "download", url, file: zip, received, total });
  told(0);
  try {
    await download(url, zip, {
      signal,
      backoff,
      check: (head) => (head[0] === 0x50 && head[1] === 0x4b ? undefined : "what came is no zip file"),
      onProgress: told,
      onRetry: (reason) => log(`${reason}; trying again`),
      onWait: (line) => log(`waiting for another process that is downloading ${zip}: ${line}`),
    });
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new PipelineError(
      "missing",
      {
        expected: "ADE20K",
        but: `${url} did not give it (${reason})`,
        hint: `try again later, or get that file elsewhere and put it to ${zip}, or name it by --from`,
      },
      { data: { url, file: zip, reason }, cause: error },
    );
  }
}

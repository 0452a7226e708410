import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type OdgtRecord, pairImages, readOdgt } from "@seg/ade20k-data";
import { type ContextOptions, contextOf } from "../context.ts";
import { type Ade20kOptions, fetchAde20k, isUnfinished } from "../dataset/ade20k.ts";
import { PipelineError } from "../errors.ts";
import { sha256 } from "../weights/verify.ts";

/** ADE20K's photos for validation. */
export interface ValidationSet {
  records: OdgtRecord[];
  /** Options of `evaluate` that name them. */
  source: { images: string; labels: string } | { list: string; root: string };
}

/** Where they are, or are fetched to and from. */
export type ValidationOptions = ContextOptions & Omit<Ade20kOptions, "folder"> & { data: string };

/** Where the photos of a split may lie in a folder: as MIT's zip has them. */
const LAYOUTS = ["ADEChallengeData2016", "."] as const;

/**
 * Finds ADE20K's validation photos: `data` is a list (odgt), or a folder that holds `validation.odgt` or what MIT's zip does. Into a
 * folder without them the whole data set is fetched.
 *
 * @throws {PipelineError} and {DataError} as {@link fetchAde20k} does; `missing` if `data` is a list that is not there.
 */
export async function findValidationSet({ data, ...options }: ValidationOptions): Promise<ValidationSet> {
  const isList = /\.odgt$/i.test(data) || (statSync(data, { throwIfNoEntry: false })?.isFile() ?? false);
  if (isList && !existsSync(data)) {
    const line = {
      expected: `a list of photos and labels in ${data}`,
      but: "there is no such file",
      hint: "correct the path",
    };
    throw new PipelineError("missing", line, { data: { file: data } });
  }
  if (isList) return listed(data, await readOdgt(data));
  const list = join(data, "validation.odgt");
  if (existsSync(list)) {
    const records = await readOdgt(list);
    if (records.every(({ imagePath, labelPath }) => existsSync(imagePath) && existsSync(labelPath ?? ""))) {
      return listed(list, records);
    }
  }
  const { signal, onProgress } = contextOf(options);
  for (const layout of isUnfinished(data) ? [] : LAYOUTS) {
    const [images, labels] = ["images", "annotations"].map((kind) => join(data, layout, kind, "validation"));
    if (!existsSync(images!) || !existsSync(labels!)) continue;
    const told = (done: number, total: number) => onProgress({ type: "check", of: "validation photos", done, total });
    const records = await pairImages(images!, labels!, { onProgress: told, ...(signal && { signal }) });
    return { records, source: { images: images!, labels: labels! } };
  }
  const { validation } = await fetchAde20k({ folder: data, ...options });
  return listed(validation.list, await readOdgt(validation.list));
}

const listed = (list: string, records: OdgtRecord[]): ValidationSet => ({
  records,
  source: { list, root: dirname(list) },
});

/** What the scores depend on: the names and bytes of photos and labels, in order, as one SHA-256 in hex. */
export async function checksumOf(records: readonly OdgtRecord[], options: ContextOptions): Promise<string> {
  const { signal, onProgress } = contextOf(options);
  const hash = createHash("sha256");
  for (const [index, { imagePath, labelPath }] of records.entries()) {
    for (const path of [imagePath, labelPath]) {
      if (path !== undefined) hash.update(`${basename(path)} ${await sha256(path, signal)}\n`);
    }
    onProgress({ type: "check", of: "the photos' checksums", done: index + 1, total: records.length });
  }
  return hash.digest("hex");
}

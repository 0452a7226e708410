import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { localPath, writeFileAtomic } from "@seg/node";
import { DataError, refuseUnknown } from "./errors.ts";
import { readBytes } from "./read-bytes.ts";

/** One photo of a list, its paths absolute. */
export interface OdgtRecord {
  /** The photo. */
  imagePath: string;
  /** Its label map; undefined where the list names none. */
  labelPath: string | undefined;
  /** The photo's width in pixels. */
  width: number;
  /** The photo's height in pixels. */
  height: number;
}

/** How a list is read. */
export interface OdgtOptions {
  /** The folder that the list's paths start from (`DATASET.root_dataset`); default: the folder that holds the list. */
  root?: string;
}

const OPTIONS = ["root"] satisfies (keyof OdgtOptions)[];

/**
 * Reads a list in odgt form: one JSON object a line with `fpath_img`, `width`, `height` and, where there is a label map, `fpath_segm`.
 * Paths may be written as on Windows. Empty lines are skipped; whether the files exist is not looked at.
 *
 * @throws {DataError} `bad-list`, naming the file and line; `not-found`, `unreadable`; `option`.
 */
export async function readOdgt(path: string, options: OdgtOptions = {}): Promise<OdgtRecord[]> {
  refuseUnknown(options, OPTIONS, "the options of readOdgt");
  const { root = dirname(path) } = options;
  const text = (await readBytes(path)).toString("utf8").replace(/^\uFEFF/, "");
  const records = text
    .split("\n")
    .flatMap((line, i) => (line.trim() ? [parse(line, { file: path, line: i + 1 }, root)] : []));
  if (records.length === 0) {
    throw new DataError(
      "bad-list",
      `${path}: Expected at least one photo but the list is empty: add one JSON object a line.`,
      { data: { file: path } },
    );
  }
  return records;
}

/**
 * Writes a list that {@link readOdgt} reads back, whole or not at all. Paths in `root` are written relative to it, others as they are.
 *
 * @throws {FileError} `unwritable`.
 */
export async function writeOdgt(
  path: string,
  records: readonly OdgtRecord[],
  options: OdgtOptions = {},
): Promise<void> {
  refuseUnknown(options, OPTIONS, "the options of writeOdgt");
  const { root = dirname(path) } = options;
  const fromRoot = (file: string) => {
    const inside = relative(root, file);
    return inside.startsWith("..") || isAbsolute(inside) ? resolve(file) : inside.split(sep).join("/");
  };
  const lines = records.map(({ imagePath, labelPath, width, height }) =>
    JSON.stringify({
      fpath_img: fromRoot(imagePath),
      fpath_segm: labelPath === undefined ? undefined : fromRoot(labelPath),
      width,
      height,
    }),
  );
  await writeFileAtomic(path, lines.map((line) => `${line}\n`).join(""));
}

function parse(line: string, place: { file: string; line: number }, root: string): OdgtRecord {
  const where = `${place.file}:${place.line}`;
  let record: Record<string, unknown> | undefined;
  try {
    record = JSON.parse(line);
  } catch {}
  if (record === null || typeof record !== "object" || Array.isArray(record)) {
    throw new DataError(
      "bad-list",
      `${where}: Expected a JSON object such as {"fpath_img": "a.jpg", "fpath_segm": "a.png", "width": 683, "height": 512} but received ${line.trim().slice(0, 80)}: write one object a line.`,
      { data: place },
    );
  }
  const field = <T>(key: string, kind: string, accepts: (value: unknown) => boolean): T => {
    const value = record[key];
    if (accepts(value)) return value as T;
    throw new DataError(
      "bad-list",
      `${where}: Expected ${key} to be ${kind} but received ${JSON.stringify(value) ?? "nothing"}: correct the line.`,
      { data: { ...place, key } },
    );
  };
  const isPath = (value: unknown) => typeof value === "string" && value !== "";
  const isSize = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  const label = field<string | undefined>("fpath_segm", "a path", (value) => value === undefined || isPath(value));
  const absolute = (path: string) => resolve(root, localPath(path, root));
  return {
    imagePath: absolute(field<string>("fpath_img", "a path", isPath)),
    labelPath: label === undefined ? undefined : absolute(label),
    width: field<number>("width", "a positive whole number", isSize),
    height: field<number>("height", "a positive whole number", isSize),
  };
}

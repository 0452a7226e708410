import { isUtf8 } from "node:buffer";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { explain, shorten, shown, shownUrl } from "@seg/errors";
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
  /** Ends the reading; its reason is thrown. */
  signal?: AbortSignal | undefined;
}

const OPTIONS = ["root", "signal"] satisfies (keyof OdgtOptions)[];

/**
 * Reads a list in odgt form: one JSON object a line with `fpath_img`, `width`, `height` and, where there is a label map, `fpath_segm`.
 * Paths may be written as on Windows. Empty lines are skipped; whether the files exist is not looked at. A million lines are no trouble: the
 * event loop goes on meanwhile.
 *
 * @throws {DataError} `bad-list`, naming the file and line; `not-found`, `unreadable`; `option`.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { basename } from "node:path";
 * import { readOdgt } from "@seg/ade20k-data";
 *
 * await writeFile("list.odgt", '{"fpath_img": "sea.jpg", "fpath_segm": "sea.png", "width": 683, "height": 512}');
 * for (const { imagePath, width } of await readOdgt("list.odgt")) console.log(basename(imagePath), width); // sea.jpg 683
 * ```
 */
export async function readOdgt(path: string, options: OdgtOptions = {}): Promise<OdgtRecord[]> {
  refuseUnknown(options, OPTIONS, "the options of readOdgt");
  const { root = dirname(path), signal } = options;
  const records: OdgtRecord[] = [];
  const bytes = await readBytes(path, { pipe: true, signal });
  let since = performance.now();
  for (const { text, line } of linesOf(path, bytes)) {
    if (text !== "") records.push(parse(text, { file: path, line }, root));
    if (performance.now() - since < BREATH_MS) continue;
    await setImmediate();
    signal?.throwIfAborted();
    since = performance.now();
  }
  if (records.length === 0) {
    throw new DataError(
      "bad-list",
      `${path}: Expected at least one photo but the list is empty: add one JSON object a line.`,
      { data: { file: path } },
    );
  }
  return records;
}

/** Two paths and what JSON writes around them. */
const LONGEST_LINE = 100_000;
/** What {@link localPath} leaves of an address. */
const ADDRESS = /^(?:(?:https?|ftps?|file):|[a-z][a-z\d+.-]+:\/\/)/i;
/** Linux's limit. */
const LONGEST_PATH = 4096;
/** How long the event loop waits at most, in milliseconds. */
const BREATH_MS = 20;

/** Bytes of blanks in a row, after which an empty line is given, so that the reader may pause. */
const LONGEST_BLANK = 1 << 20;

/** JSON's blanks: space, tab, line feed, carriage return. */
const isBlank = (byte: number) => byte === 32 || byte === 9 || byte === 10 || byte === 13;

/** The lines that are not blank, one at a time: a list may have millions. Of blank ones there may be hundreds of millions. */
function* linesOf(file: string, bytes: Buffer): Generator<{ text: string; line: number }> {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let start = isMarked ? 3 : 0;
  for (let line = 1; start < bytes.length; ) {
    const stop = Math.min(bytes.length, start + LONGEST_BLANK);
    let at = start;
    for (; at < stop && isBlank(bytes[at]!); at++) {
      if (bytes[at] !== 10) continue;
      line++;
      start = at + 1;
    }
    if (at === stop) {
      start = at;
      yield { text: "", line };
      continue;
    }
    const found = bytes.indexOf(10, at);
    const end = found < 0 ? bytes.length : found;
    const part = bytes.subarray(at, end);
    start = end + 1;
    if (part.length > LONGEST_LINE)
      throw notALine(file, line, `one of ${part.length} bytes`, "write one object a line");
    if (!isUtf8(part)) throw notALine(file, line, "another encoding than UTF-8", "save the list as UTF-8");
    yield { text: part.toString(), line: line++ };
  }
}

const notALine = (file: string, line: number, received: string, hint: string) =>
  new DataError("bad-list", `${file}:${line}: ${explain({ expected: "a line of JSON", received, hint })}`, {
    data: { file, line },
  });

/**
 * Writes a list that {@link readOdgt} reads back, whole or not at all. Paths in `root` are written relative to it, others as they are.
 *
 * @throws {FileError} `unwritable`.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { resolve } from "node:path";
 * import { writeOdgt } from "@seg/ade20k-data";
 *
 * const record = { imagePath: resolve("photos/sea.jpg"), labelPath: undefined, width: 683, height: 512 };
 * await writeOdgt("written.odgt", [record]);
 * console.log((await readFile("written.odgt", "utf8")).trim()); // {"fpath_img":"photos/sea.jpg","width":683,"height":512}
 * ```
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

/** A record that knows where it stands, which only its list can tell. */
class ListedRecord implements OdgtRecord {
  imagePath: string;
  labelPath: string | undefined;
  width: number;
  height: number;
  readonly #place: { file: string; line: number };

  constructor({ imagePath, labelPath, width, height }: OdgtRecord, place: { file: string; line: number }) {
    this.imagePath = imagePath;
    this.labelPath = labelPath;
    this.width = width;
    this.height = height;
    this.#place = place;
  }

  static placeOf(record: object): { file: string; line: number } | undefined {
    return #place in record ? record.#place : undefined;
  }
}

/** The list and the line that a record was read from; undefined for one from elsewhere, or a copy. */
export const placeOf = (record: object): { file: string; line: number } | undefined => ListedRecord.placeOf(record);

function parse(line: string, place: { file: string; line: number }, root: string): OdgtRecord {
  const where = `${place.file}:${place.line}`;
  let record: Record<string, unknown> | undefined;
  try {
    record = JSON.parse(line);
  } catch {}
  if (record === null || typeof record !== "object" || Array.isArray(record)) {
    throw new DataError(
      "bad-list",
      `${where}: Expected a JSON object such as {"fpath_img": "a.jpg", "fpath_segm": "a.png", "width": 683, "height": 512} but received ${shorten(line.trim(), 80) || "blanks that JSON does not have"}: write one object a line.`,
      { data: place },
    );
  }
  const field = <T>(key: string, kind: string, accepts: (value: unknown) => boolean): T => {
    const value = record[key];
    if (accepts(value)) return value as T;
    throw new DataError(
      "bad-list",
      `${where}: Expected ${key} to be ${kind} but received ${shown(value)}: correct the line.`,
      { data: { ...place, key } },
    );
  };
  const isPath = (value: unknown) =>
    typeof value === "string" && value !== "" && value.length <= LONGEST_PATH && !value.includes("\0");
  const isSize = (value: unknown) => Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 31;
  const absolute = (key: string, path: string) => {
    const local = localPath(path, root);
    if (!ADDRESS.test(local)) return resolve(root, local);
    throw new DataError(
      "bad-list",
      `${where}: Expected ${key} to be a path but received the address ${shownUrl(path)}: download it, and name the file.`,
      { data: { ...place, key } },
    );
  };
  const label = field<string | undefined>("fpath_segm", "a path", (value) => value === undefined || isPath(value));
  const listed = {
    imagePath: absolute("fpath_img", field<string>("fpath_img", "a path", isPath)),
    labelPath: label === undefined ? undefined : absolute("fpath_segm", label),
    width: field<number>("width", "a positive whole number", isSize),
    height: field<number>("height", "a positive whole number", isSize),
  };
  return new ListedRecord(listed, place);
}

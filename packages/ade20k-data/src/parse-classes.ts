import { explain, shown } from "@seg/errors";
import { isSeq, type ParsedNode } from "yaml";
import type { Color, SegClass } from "./classes.ts";
import { distinctColors } from "./distinct-colors.ts";
import { DataError } from "./errors.ts";
import { isTable, readTable } from "./table.ts";
import { splitLines, TextProblem } from "./text-problem.ts";
import { parseYaml } from "./yaml.ts";

/** The values of a label's 8 bits, but the one that stands for no class. */
const MOST_CLASSES = 255;
/** All names of a class together. */
const LONGEST_NAME = 500;

/** A file, and the line or the entry in it, from 1. */
interface Place {
  file: string;
  line?: number;
  entry?: number;
}

interface Entry {
  where: Place;
  name: unknown;
  color: unknown;
}

/**
 * The classes of a text as `readClasses` takes it from a file, in the order of their label values 1, 2, …
 *
 * - `.json`, `.yaml`: an array of names, or of objects `{"name": "sky", "color": [70, 130, 180]}`;
 * - `.csv`, `.tsv`: a header line with a column `name` and, if wanted, `color` (`#4682b4`) or `r`, `g`, `b`; the benchmark's own
 *   `object150_info.csv` is understood too, and `class` or `label` in place of `name`;
 * - `.txt`: a name a line, or CVAT's `labelmap.txt`.
 *
 * Several names of one class are joined by `;`. A class without a colour gets one that is easy to tell from the others. Labels have 8 bits, so
 * there are at most 255 classes.
 *
 * @param path - the file's name: its ending tells the format, and errors name it.
 * @throws {DataError} `bad-classes`, naming the file and the line (of JSON: the entry).
 *
 * @example
 * ```ts
 * import { parseClasses } from "@seg/ade20k-data";
 *
 * console.log(parseClasses("classes.txt", "sky\nroad").map(({ name }) => name)); // [ 'sky', 'road' ]
 * ```
 */
export function parseClasses(path: string, text: string): SegClass[] {
  const entries = located(path, "a list of classes", () => readEntries(path, text));
  if (entries.length === 0) throw bad({ file: path }, "at least one class", "none", "add the names of the classes");
  if (entries.length > MOST_CLASSES) {
    const { where } = entries[MOST_CLASSES]!;
    const received = String(entries.length);
    throw bad(
      where,
      `at most ${MOST_CLASSES} classes, as labels have 8 bits,`,
      received,
      "join or leave out the rare ones",
    );
  }
  const seen = new Map<string, Place>();
  const parsed = entries.map(({ where, name, color }) => {
    if (typeof name !== "string" || name.trim() === "") throw bad(where, "a class name", shown(name), "name the class");
    if (name.length > LONGEST_NAME) {
      throw bad(where, `a class name of at most ${LONGEST_NAME} characters`, `one of ${name.length}`, "shorten it");
    }
    const names = name.split(";").map((part) => part.trim());
    const before = seen.get(names[0]!);
    if (before)
      throw bad(where, "a name of its own", `"${names[0]}", which stands at ${nameOf(before)} already`, "rename one");
    seen.set(names[0]!, where);
    return { names, color: color === undefined || color === "" ? undefined : parseColor(where, color) };
  });
  const given = parsed.flatMap(({ color }) => (color ? [color] : []));
  const generated = distinctColors(parsed.length - given.length, given);
  return parsed.map(({ names, color }, index) => ({
    index,
    name: names[0]!,
    names,
    color: color ?? generated.shift()!,
  }));
}

function readEntries(path: string, text: string): Entry[] {
  if (isTable(path)) return fromTable(path, text);
  return isLabelMap(text) || /\.txt$/i.test(path) ? fromLines(path, text) : fromList(path, text);
}

/** CVAT's `labelmap.txt`, whatever its name: `name:r,g,b:parts:actions`. */
export const isLabelMap = (text: string): boolean => /^# *label:color_rgb:/.test(text);

/** Of JSON of any size, else of YAML, which broken JSON is taken for: its parser tells the line of what is wrong. */
function fromList(path: string, text: string): Entry[] {
  const json = parseJson(text);
  if (json !== undefined) {
    return itemsOf(path, json).map((item, i) => entryOf({ file: path, entry: i + 1 }, item));
  }
  const { document, lineOf, toValue } = parseYaml(text);
  const { contents } = document;
  const lines = isSeq(contents) ? contents.items.map((item) => lineOf((item as ParsedNode).range?.[0])) : [];
  return itemsOf(path, toValue(contents)).map((item, i) => entryOf({ file: path, line: lines[i]! }, item));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function itemsOf(path: string, list: unknown): unknown[] {
  if (Array.isArray(list)) return list;
  throw bad({ file: path }, "an array of classes, in JSON or YAML,", shown(list), 'write ["sky", "road", …]');
}

function entryOf(where: Place, item: unknown): Entry {
  if (item === null || typeof item !== "object") return { where, name: item, color: undefined };
  const { name, color } = item as Partial<Entry>;
  return { where, name, color };
}

/** A name a line, in CVAT's form with a colour behind it: `road:128,64,128::`. */
function fromLines(path: string, text: string): Entry[] {
  const isMap = isLabelMap(text);
  return splitLines(text).flatMap((line, i): Entry[] => {
    if (line.trim() === "" || (isMap && line.startsWith("#"))) return [];
    const where = { file: path, line: i + 1 };
    if (!isMap) return [{ where, name: line, color: undefined }];
    const [name, color = ""] = line.split(":");
    return [{ where, name, color: color.split(",").map((part) => Number(part || Number.NaN)) }];
  });
}

function fromTable(path: string, text: string): Entry[] {
  const [header, ...rows] = readTable(path, text);
  const columns = header?.cells.map((cell) => cell.toLowerCase()) ?? [];
  const [color, ...rgb] = ["color", "r", "g", "b"].map((column) => columns.indexOf(column));
  const name = ["name", "class", "label"].map((column) => columns.indexOf(column)).find((column) => column !== -1);
  if (name === undefined) {
    throw bad(
      { file: path, ...(header && { line: header.line }) },
      "a header with a column `name`",
      shown(header?.cells.join(",")),
      "add the header line",
    );
  }
  const hasRgb = rgb.every((column) => column !== -1);
  return rows.map(({ line, cells }) => ({
    where: { file: path, line },
    name: cells[name],
    color: hasRgb ? rgb.map((column) => Number(cells[column] || Number.NaN)) : cells[color!],
  }));
}

function parseColor(where: Place, color: unknown): Color {
  const hex = typeof color === "string" && /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(color);
  const rgb = hex ? hex.slice(1).map((part) => Number.parseInt(part, 16)) : color;
  if (Array.isArray(rgb) && rgb.length === 3 && rgb.every((v) => Number.isInteger(v) && v >= 0 && v <= 255)) {
    return rgb as unknown as Color;
  }
  throw bad(where, "a colour of three whole numbers 0-255 or #rrggbb", shown(color), "correct it or leave it out");
}

function nameOf({ file, line, entry }: Place): string {
  if (line !== undefined) return `${file}:${line}`;
  return entry === undefined ? file : `${file}, entry ${entry}`;
}

/** Does what may find something wrong with a line. */
export function located<T>(file: string, expected: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    const { line, message } = error;
    const explanation = { expected, but: message, hint: "correct it, or leave out what is not needed" };
    throw new DataError("bad-classes", `${file}:${line}: ${explain(explanation)}`, {
      cause: error,
      data: { file, line },
    });
  }
}

function bad(where: Place, expected: string, received: string, hint: string): DataError {
  return new DataError("bad-classes", `${nameOf(where)}: ${explain({ expected, received, hint })}`, { data: where });
}

import { extname } from "node:path";
import { explain, shown } from "@seg/errors";
import type { Color, SegClass } from "./classes.ts";
import { distinctColors } from "./distinct-colors.ts";
import { DataError } from "./errors.ts";
import { readText } from "./read-bytes.ts";
import { splitLines, TextProblem } from "./text-problem.ts";

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
 * Reads a data set's own classes, in the order of their label values 1, 2, …
 *
 * - `.json`: an array of names, or of objects `{"name": "sky", "color": [70, 130, 180]}`;
 * - `.csv`: a header line with a column `name` and, if wanted, `color` (`#4682b4`) or `r`, `g`, `b`; the benchmark's own
 *   `object150_info.csv` is understood too, and `class` or `label` in place of `name`;
 * - `.txt`: a name a line, or CVAT's `labelmap.txt`.
 *
 * Several names of one class are joined by `;`. A class without a colour gets one that is easy to tell from the others. Labels have 8 bits, so
 * there are at most 255 classes; the file has at most 1 MB.
 *
 * @throws {DataError} `bad-classes`, naming the file and the line (of JSON: the entry), or `not-found`, `unreadable`.
 */
export async function readClasses(path: string): Promise<SegClass[]> {
  const text = await readText(path);
  const read = { ".csv": fromCsv, ".txt": fromLines }[extname(path).toLowerCase()] ?? fromJson;
  const entries = located(path, "a list of classes", () => read(path, text));
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

function fromJson(path: string, text: string): Entry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const position = Number(/position (\d+)/.exec((error as Error).message)?.[1] ?? text.length);
    const line = text.slice(0, position).split("\n").length;
    throw bad(
      { file: path, line },
      "JSON",
      `a syntax error (${(error as Error).message})`,
      "correct it, or name the file .csv",
    );
  }
  if (!Array.isArray(json))
    throw bad({ file: path }, "a JSON array of classes", shown(json), 'write ["sky", "road", …]');
  return json.map((entry: unknown, i) => {
    const where = { file: path, entry: i + 1 };
    if (entry === null || typeof entry !== "object") return { where, name: entry, color: undefined };
    const { name, color } = entry as Partial<Entry>;
    return { where, name, color };
  });
}

/** A name a line, in CVAT's form with a colour behind it: `road:128,64,128::`. */
function fromLines(path: string, text: string): Entry[] {
  const isLabelMap = /^# *label:color_rgb:/.test(text);
  return splitLines(text).flatMap((line, i): Entry[] => {
    if (line.trim() === "" || (isLabelMap && line.startsWith("#"))) return [];
    const where = { file: path, line: i + 1 };
    if (!isLabelMap) return [{ where, name: line, color: undefined }];
    const [name, color = ""] = line.split(":");
    return [{ where, name, color: color.split(",").map((part) => Number(part || Number.NaN)) }];
  });
}

function fromCsv(path: string, text: string): Entry[] {
  const lines = splitLines(text).map((line, i) => ({ where: { file: path, line: i + 1 }, cells: cells(line) }));
  const [header, ...rows] = lines.filter(({ cells }) => cells.some((cell) => cell !== ""));
  const columns = header?.cells.map((cell) => cell.toLowerCase()) ?? [];
  const [color, ...rgb] = ["color", "r", "g", "b"].map((column) => columns.indexOf(column));
  const name = ["name", "class", "label"].map((column) => columns.indexOf(column)).find((column) => column !== -1);
  if (name === undefined) {
    throw bad(
      header?.where ?? { file: path },
      "a header with a column `name`",
      shown(header?.cells.join(",")),
      "add the header line",
    );
  }
  const hasRgb = rgb.every((column) => column !== -1);
  return rows.map(({ where, cells }) => {
    if (cells.length !== columns.length) {
      throw bad(where, `${columns.length} columns`, `${cells.length}`, "quote names that hold commas");
    }
    return {
      where,
      name: cells[name],
      color: hasRgb ? rgb.map((column) => Number(cells[column] || Number.NaN)) : cells[color!],
    };
  });
}

/** The cells of one line; a cell in double quotes may hold commas and doubled quotes. */
export function cells(line: string): string[] {
  return Array.from(line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*/g), ([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain ?? "").trim(),
  );
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

import { type Explanation, explain, shown, suggestion } from "@seg/errors";
import { isMap, isPair, isScalar, isSeq, type ParsedNode } from "yaml";
import { DataError, refuseUnknown } from "./errors.ts";
import {
  hexColor,
  ignoringValues,
  type LabelConvention,
  READY_CONVENTIONS,
  type ReadyConvention,
} from "./label-convention.ts";
import { isLabelMap, located } from "./parse-classes.ts";
import { readText } from "./read-bytes.ts";
import { isTable, readTable } from "./table.ts";
import { splitLines } from "./text-problem.ts";
import { parseYaml } from "./yaml.ts";

/** What a convention must agree with, and what it leaves out. */
export interface ConventionOptions {
  /** How many classes there are; not checked unless given. */
  numClasses?: number;
  /** Values that are ignored whatever they mean otherwise: 0 to 255, or −1, which an 8-bit file holds as 255. */
  ignore?: readonly number[];
}

/** The line of the file, from 1. */
interface Place {
  file: string;
  line: number;
}

/** One row of the file: a value, a colour or `other`, and its class. */
interface Row {
  where: Place;
  key: unknown;
  /** Undefined where rows stand in the order of their classes. */
  target: unknown;
}

/** Three numbers and what stands between them; the pattern's time grows with the cube of it. */
const LONGEST_KEY = 60;
const IGNORED = /^(ignored?|void|unlabell?ed|none|null|~)$/i;
const OTHERS = /^(others?|default|else|\*)$/i;
const OPTIONS = ["numClasses", "ignore"] satisfies (keyof ConventionOptions)[];

/**
 * What values or colours of label files mean: one of {@link READY_CONVENTIONS} by its name, or a file that says it. Classes are numbered
 * from 1 there, as in ADE20K's own label files; `ignore` stands for no class.
 *
 * - `.json`, `.yaml`: an object of values, or colours, and their classes, `{"7": 1, "#804080": 2, "255": "ignore", "other": "ignore"}`;
 *   colours may also be written `"128, 64, 128"`. Or an array of objects `{"color": [128, 64, 128], "class": 2}` (or `value`);
 * - `.csv`, `.tsv`: a header line with columns `value`, or `color`, or `r`, `g`, `b`, and `class`.
 *
 * In an array or table without `class`, such as a list of names and colours, the first row is class 1, the next one 2, and so on. What is
 * not listed is refused in label files, unless there is an entry `other`.
 *
 * @throws {DataError} `bad-classes`, naming the file and line; `not-found`, `unreadable`; `option` if the values to ignore are none, or a
 *   ready convention is for another number of classes.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { readLabelConvention } from "@seg/ade20k-data";
 *
 * await writeFile("values.json", '{"7": 1, "255": "ignore"}');
 * console.log((await readLabelConvention("values.json")).values); // { '7': 1, '255': 0 }
 * console.log((await readLabelConvention("cityscapes")).numClasses); // 19
 * ```
 */
export async function readLabelConvention(
  nameOrPath: ReadyConvention | (string & {}),
  options: ConventionOptions = {},
): Promise<LabelConvention> {
  refuseUnknown(options, OPTIONS, "the options of readLabelConvention");
  const { numClasses, ignore = [] } = options;
  const ready = Object.hasOwn(READY_CONVENTIONS, nameOrPath)
    ? READY_CONVENTIONS[nameOrPath as ReadyConvention]
    : undefined;
  if (ready && numClasses !== undefined && (ready.numClasses ?? numClasses) !== numClasses) {
    throw new DataError(
      "option",
      {
        expected: `${ready.numClasses} classes for the label convention ${ready.name}`,
        received: String(numClasses),
        hint: `set DATASET.num_class to ${ready.numClasses} (--num-class ${ready.numClasses}), or name a file of values and their classes by DATASET.label_map`,
      },
      { data: { option: "numClasses", received: numClasses, numClasses } },
    );
  }
  return ignoringValues(ready ?? (await fromFile(nameOrPath, numClasses)), ignore);
}

async function fromFile(path: string, numClasses?: number): Promise<LabelConvention> {
  const text = await readConvention(path);
  const rows = located(path, isTable(path) ? "a table" : "JSON or YAML", () => readRows(path, text));
  if (rows.length === 0) {
    throw bad(
      { file: path, line: 1 },
      {
        expected: "at least one value or colour and its class",
        received: "none",
        hint: 'write {"0": 1, "255": "ignore"}, say',
      },
    );
  }
  const unlike = rows.find(({ target }) => (target === undefined) !== (rows[0]!.target === undefined));
  if (unlike) {
    const expected = "a class in each row, or in none of them, as they then stand in the order of their classes,";
    throw bad(unlike.where, { expected, received: unlike.target === undefined ? "none" : shown(unlike.target) });
  }
  const values: Record<number, number> = {};
  const colors: Record<string, number> = {};
  let others: number | undefined;
  const seen = new Map<string, Place>();
  rows.forEach(({ where, key, target }, i) => {
    const number = classNumber(where, target === undefined ? i + 1 : target, numClasses);
    const parsed = typeof key === "string" && OTHERS.test(key) ? "other" : parseKey(where, key);
    const before = seen.get(String(parsed));
    if (before) {
      const hint = "leave one of them out";
      throw bad(where, {
        expected: "each value or colour once",
        but: `${parsed} stands in line ${before.line} too`,
        hint,
      });
    }
    seen.set(String(parsed), where);
    if (parsed === "other") others = number;
    else if (typeof parsed === "number") values[parsed] = number;
    else colors[parsed] = number;
  });
  return {
    name: path,
    ...(Object.keys(values).length > 0 && { values }),
    ...(Object.keys(colors).length > 0 && { colors }),
    ...(others !== undefined && { others }),
  };
}

function readRows(path: string, text: string): Row[] {
  if (isLabelMap(text)) return fromLabelMap(path, text);
  if (!isTable(path)) return fromYaml(path, text);
  const rows = fromTable(path, text);
  // A column `class` of names only lists the classes in their order.
  const isName = ({ target }: Row) => typeof target === "string" && /[a-z]/i.test(target);
  return rows.every(isName) ? rows.map((row) => ({ ...row, target: undefined })) : rows;
}

/** CVAT's `labelmap.txt`: `name:r,g,b:parts:actions`, in the order of the classes. */
function fromLabelMap(path: string, text: string): Row[] {
  return splitLines(text).flatMap((line, i) => {
    const [, color] = line.split(":");
    return line.trim() === "" || line.startsWith("#")
      ? []
      : [{ where: { file: path, line: i + 1 }, key: color, target: undefined }];
  });
}

async function readConvention(path: string): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    // A misspelled name looks like a file that is not there.
    if (!(error instanceof DataError) || error.code !== "not-found" || /[./\\]/.test(path)) throw error;
    throw new DataError(
      "not-found",
      `Unknown label convention ${path}, and no file of that name: ${suggestion(path, Object.keys(READY_CONVENTIONS))}`,
      { cause: error, data: { file: path } },
    );
  }
}

function classNumber(where: Place, target: unknown, numClasses = 255): number {
  if (target === null || (typeof target === "string" && IGNORED.test(target))) return 0;
  const number = typeof target === "string" && target.trim() !== "" ? Number(target) : target;
  if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= numClasses) return number;
  const hint = `classes are counted from 1, as in ADE20K's label files${number === 0 ? ": add one to each" : ""}; write \`ignore\` for what has no class`;
  throw bad(where, { expected: `a class from 1 to ${numClasses}, or \`ignore\``, received: shown(target), hint });
}

/** A value, or a colour as `#rrggbb`. */
function parseKey(where: Place, key: unknown): number | string {
  const hex = typeof key === "string" && /^#([\da-f]{6})$/i.exec(key.trim());
  if (hex) return `#${hex[1]!.toLowerCase()}`;
  const parts = Array.isArray(key) ? key : numbersOf(key);
  const isByte = (part: unknown) => Number.isInteger(part) && (part as number) >= 0 && (part as number) <= 255;
  if (parts?.length === 3 && parts.every(isByte)) return hexColor(parts[0], parts[1], parts[2]);
  if (parts?.length === 1 && parts[0] === -1) return 255;
  if (parts?.length === 1 && isByte(parts[0])) return parts[0];
  throw bad(where, {
    expected: "a value from 0 to 255, a colour such as #804080 or 128,64,128, or `other`",
    received: shown(key),
    hint: "correct the line",
  });
}

/** The numbers of `7`, `128,64,128`, `(128, 64, 128)`, `[ 128, 64, 128 ]` or `128 64 128`. */
function numbersOf(key: unknown): number[] | undefined {
  if (typeof key === "number") return [key];
  if (typeof key !== "string" || key.length > LONGEST_KEY) return undefined;
  const inner = /^\s*[([]?\s*(-?\d+(?:\s*[,;\s]\s*\d+){0,2})\s*[)\]]?\s*$/.exec(key)?.[1];
  return inner?.split(/[,;\s]+/).map(Number);
}

/** JSON is YAML too, with its lines. */
function fromYaml(path: string, text: string): Row[] {
  const { document, lineOf, toValue } = parseYaml(text);
  const at = (offset?: number): Place => ({ file: path, line: lineOf(offset) });
  const root = document.contents as ParsedNode | null;
  if (root === null) return [];
  if (isMap(root)) {
    return root.items.filter(isPair).map(({ key, value }) => ({
      where: at((key as ParsedNode).range?.[0]),
      // The text of a scalar: 012 or 1e1 are not meant.
      key: isScalar(key) ? (key.source ?? key.value) : toValue(key),
      target: toValue(value),
    }));
  }
  if (isSeq(root)) {
    return root.items.map((item) => rowOf(at((item as ParsedNode).range?.[0]), toValue(item)));
  }
  const hint = 'write {"0": 1, "255": "ignore"}, say';
  throw bad(at(), {
    expected: "an object of values or colours and their classes",
    received: shown(toValue(root)),
    hint,
  });
}

/** Makes a row of an object, whose keys are the columns of a table. */
function rowOf(where: Place, item: unknown): Row {
  const columns = new Map(
    Object.entries(item !== null && typeof item === "object" && !Array.isArray(item) ? item : {}).map(
      ([name, value]) => [name.trim().toLowerCase(), value] as const,
    ),
  );
  const [r, g, b] = ["r", "g", "b"].map((name) => columns.get(name));
  const key = columns.get("value") ?? columns.get("pixel value") ?? columns.get("color") ?? columns.get("colour");
  if (key === undefined && (r === undefined || g === undefined || b === undefined)) {
    const hint = "name them so; other columns are passed over";
    throw bad(where, { expected: "`value`, `color` or `r`, `g` and `b`, and `class`", received: shown(item), hint });
  }
  return { where, key: key ?? [r, g, b].map(Number), target: columns.get("class") };
}

function fromTable(path: string, text: string): Row[] {
  const [header, ...rows] = readTable(path, text);
  return rows.map(({ line, cells }) =>
    rowOf({ file: path, line }, Object.fromEntries(header!.cells.map((name, i) => [name, cells[i]]))),
  );
}

const bad = (where: Place, explanation: Explanation): DataError =>
  new DataError("bad-classes", `${where.file}:${where.line}: ${explain(explanation)}`, { data: { ...where } });

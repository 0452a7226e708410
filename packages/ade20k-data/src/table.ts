import { explain } from "@seg/errors";
import { DataError } from "./errors.ts";
import { splitLines } from "./text-problem.ts";

/** A line of a table that is not empty. */
export interface TableRow {
  /** From 1. */
  line: number;
  cells: string[];
}

/** Whether a file's name says that it is a table: `.csv` or `.tsv`. */
export const isTable = (path: string): boolean => /[^/]\.[ct]sv$/i.test(path);

/**
 * The lines of a table, the first of which is its header. Cells are divided by commas, tabs or semicolons, whichever the header has most of;
 * what is in double quotes may hold them.
 *
 * @param path - the file's name, for errors; `.tsv` divides by tabs where the header does not tell.
 * @throws {DataError} `bad-classes` if a line has not as many cells as the header. {TextProblem} as {@link splitLines}.
 */
export function readTable(path: string, text: string): TableRow[] {
  const lines = splitLines(text);
  const first = lines.find((line) => line.trim() !== "") ?? "";
  // Commas are decimal points in some countries.
  const marks = /\.tsv$/i.test(path) ? ["\t", ",", ";"] : [",", "\t", ";"];
  const delimiter = marks.reduce((best, mark) => (count(first, mark) > count(first, best) ? mark : best));
  const rows = lines
    .map((line, i) => ({ line: i + 1, cells: cellsOf(line, delimiter) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
  const wanted = rows[0]?.cells.length;
  const wrong = rows.find(({ cells }) => cells.length !== wanted);
  if (!wrong) return rows;
  const { line, cells } = wrong;
  const hint = `quote what holds ${{ ",": "commas", "\t": "tabs" }[delimiter] ?? "semicolons"}`;
  const explanation = { expected: `${wanted} columns`, received: String(cells.length), hint };
  throw new DataError("bad-classes", `${path}:${line}: ${explain(explanation)}`, { data: { file: path, line } });
}

const count = (text: string, mark: string) => text.split(mark).length;

function cellsOf(line: string, delimiter: string): string[] {
  const blanks = delimiter === "\t" ? " *" : "\\s*";
  const cell = `(?:^|${delimiter})${blanks}(?:"((?:[^"]|"")*)"|([^${delimiter}]*))${blanks}`;
  return Array.from(line.matchAll(new RegExp(cell, "g")), ([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain ?? "").trim(),
  );
}

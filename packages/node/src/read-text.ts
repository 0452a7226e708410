import { isUtf8 } from "node:buffer";
import { FileError } from "./errors.ts";
import { type ReadOptions, readRegularFile, readRegularFileSync } from "./read-file.ts";

/**
 * Reads a text file whole, in UTF-8, or in UTF-16 with its mark, as some Windows programs write it; the mark is left out.
 *
 * @throws {FileError} `unreadable`, with the line of what is no text; see {@link readRegularFile}.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { FileError, readTextFile } from "@seg/node";
 *
 * await writeFile("utf-16.txt", Buffer.from("\uFEFFcafé", "utf16le"));
 * console.log(await readTextFile("utf-16.txt")); // café
 * await writeFile("latin-1.txt", Buffer.from("wall\ncafé", "latin1"));
 * const error = await readTextFile("latin-1.txt").catch((thrown: unknown) => thrown);
 * console.log(error instanceof FileError && error.data.reason); // line 2 is not UTF-8
 * ```
 */
export async function readTextFile(path: string, options: ReadOptions = {}): Promise<string> {
  return textOf(await readRegularFile(path, options), path);
}

/**
 * {@link readTextFile} at once, for small files; see {@link readRegularFileSync}.
 *
 * @throws {FileError} `unreadable`.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { readTextFileSync } from "@seg/node";
 *
 * // Without the mark that some editors put first.
 * writeFileSync("marked.txt", "\uFEFFwall");
 * console.log(readTextFileSync("marked.txt").length); // 4
 * ```
 */
export function readTextFileSync(path: string, options: Omit<ReadOptions, "signal"> = {}): string {
  return textOf(readRegularFileSync(path, options), path);
}

function textOf(bytes: Buffer, file: string): string {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  const text =
    isLittle || (first === 0xfe && second === 0xff)
      ? new TextDecoder(isLittle ? "utf-16le" : "utf-16be").decode(bytes)
      : bytes.toString("utf8").replace(/^\uFEFF/, "");
  // UTF-32 and UTF-16 without its mark are full of NULs.
  const zero = text.indexOf("\0");
  if (zero >= 0) throw noText(file, lineAt(text, zero), "holds a NUL, as no text does");
  if (!isLittle && first !== 0xfe && !isUtf8(bytes)) throw noText(file, lineOfBadUtf8(bytes), "is not UTF-8");
  return text;
}

/** The line of a place in a text, from 1. */
function lineAt(text: string, end: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

function lineOfBadUtf8(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  return line;
}

function noText(file: string, line: number, what: string): FileError {
  const reason = `line ${line} ${what}`;
  const hint = "save it as UTF-8";
  return new FileError(
    "unreadable",
    { expected: `text in ${file}`, but: reason, hint },
    { data: { file, line, systemCode: "EILSEQ", reason, hint } },
  );
}

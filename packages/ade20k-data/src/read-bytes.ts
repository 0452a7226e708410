import { FileError, type ReadOptions, readRegularFile, readTextFile } from "@seg/node";
import { DataError } from "./errors.ts";

/** Files of classes and conventions have a few hundred lines. */
const LARGEST_TEXT = 1_000_000;

/** Reads a regular file whole, with this package's errors for what cannot be read; a pipe only where it is asked for. */
export async function readBytes(path: string, options: ReadOptions = {}): Promise<Buffer> {
  return readRegularFile(path, options).catch(rethrow);
}

/** Reads a text of at most 1 MB, such as a file of classes, which is read more than once. */
export async function readText(path: string): Promise<string> {
  return readTextFile(path, { limit: LARGEST_TEXT }).catch(rethrow);
}

function rethrow(error: unknown): never {
  throw error instanceof FileError ? ofFile(error) : error;
}

/** The DataError for a failed reading of `path`. */
export function readingError(path: string, error: NodeJS.ErrnoException): DataError {
  const { code } = error;
  if (code === "ENOENT" || code === "ENOTDIR") return notFound(path, error);
  const why = code === "EACCES" || code === "EPERM" ? "permission is denied: grant read access to it" : error.message;
  return new DataError("unreadable", { expected: `to read ${path}`, but: why }, { cause: error, data: { file: path } });
}

function ofFile(error: FileError): DataError {
  const { file = "", systemCode, line } = error.data;
  if (systemCode === "ENOENT" || systemCode === "ENOTDIR") return notFound(file, error);
  return new DataError("unreadable", error.message, { cause: error, data: { file, ...(line && { line }) } });
}

function notFound(file: string, cause: unknown): DataError {
  const explanation = { expected: `a file or folder at ${file}`, but: "there is none", hint: "check the path" };
  return new DataError("not-found", explanation, { cause, data: { file } });
}

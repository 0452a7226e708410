import { readFile, stat } from "node:fs/promises";
import type { Explanation } from "@seg/errors";
import { DataError } from "./errors.ts";

/** Reads a regular file or pipe whole, with this package's errors for what cannot be read. */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) {
      throw unreadable(path, { expected: "a file", but: `${path} is a folder`, hint: "name a file in it" });
    }
    if (!stats.isFile() && !stats.isFIFO()) {
      throw unreadable(path, { expected: "a file", but: `${path} is a device or socket`, hint: "name a regular file" });
    }
    return await readFile(path);
  } catch (error) {
    throw error instanceof DataError ? error : readingError(path, error as NodeJS.ErrnoException);
  }
}

/** The DataError for a failed reading of `path`. */
export function readingError(path: string, error: NodeJS.ErrnoException): DataError {
  const { code } = error;
  if (code === "ENOENT" || code === "ENOTDIR") {
    const explanation = { expected: `a file or folder at ${path}`, but: "there is none", hint: "check the path" };
    return new DataError("not-found", explanation, { cause: error, data: { file: path } });
  }
  const why = code === "EACCES" || code === "EPERM" ? "permission is denied: grant read access to it" : error.message;
  return unreadable(path, { expected: `to read ${path}`, but: why }, error);
}

function unreadable(path: string, explanation: Explanation, cause?: unknown): DataError {
  return new DataError("unreadable", explanation, { cause, data: { file: path } });
}

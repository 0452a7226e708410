import { readFile, stat } from "node:fs/promises";
import { DataError } from "./errors.ts";

/** Reads a regular file or pipe whole, with this package's errors for what cannot be read. */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) {
      throw new DataError("unreadable", `Expected a file but ${path} is a folder: name a file in it.`);
    }
    if (!stats.isFile() && !stats.isFIFO()) {
      throw new DataError("unreadable", `Expected a file but ${path} is a device or socket: name a regular file.`);
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
    return new DataError("not-found", `Expected a file or folder at ${path} but there is none: check the path.`, {
      cause: error,
    });
  }
  const why = code === "EACCES" || code === "EPERM" ? "permission is denied: grant read access to it" : error.message;
  return new DataError("unreadable", `Expected to read ${path} but ${why}.`, { cause: error });
}

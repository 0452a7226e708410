import { SegError } from "@seg/errors";

/** What went wrong, for programs: `unwritable` or `unreadable` a file that cannot be written or read; the system's error, if any, is the `cause`. */
export type FileErrorCode = "unwritable" | "unreadable";

/** The values behind a {@link FileError}. */
export interface FileErrorData {
  /** The file or folder. */
  file: string;
  /** The system's code, such as `ENOSPC`, or the like of it. */
  systemCode: string;
  /** Why it cannot be read, and what to do, in words. */
  reason?: string;
  hint?: string;
  /** The line that is no text, from 1. */
  line?: number;
}

/**
 * The one error that this package throws on purpose.
 *
 * @example
 * ```ts
 * import { FileError, readTextFile } from "@seg/node";
 *
 * const error = await readTextFile("no-such-list.txt").catch((thrown: unknown) => thrown);
 * if (!(error instanceof FileError)) throw error;
 * console.log(error.code, error.data.systemCode); // unreadable ENOENT
 * console.log(error.message); // Expected to read no-such-list.txt but there is no such file: check the path.
 * ```
 */
export class FileError extends SegError<FileErrorCode, FileErrorData> {}

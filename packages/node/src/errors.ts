import { SegError } from "@seg/errors";

/** What went wrong, for programs: `unwritable` a file that cannot be written; the system's error is the `cause`. */
export type FileErrorCode = "unwritable";

/** The values behind a {@link FileError}. */
export interface FileErrorData {
  /** The file or folder. */
  file: string;
  /** The system's code, such as `ENOSPC`. */
  systemCode: string;
}

/** The one error that this package throws on purpose. */
export class FileError extends SegError<FileErrorCode, FileErrorData> {}

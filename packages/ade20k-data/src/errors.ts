/**
 * What went wrong, for programs:
 * `not-found` no such file; `unreadable` no permission, or not a regular file; `not-an-image` no known image format;
 * `truncated` a cut-off or damaged file; `bad-size` an image too small, too large or too long for the transform;
 * `no-images` a folder without images; `download-failed` a URL that gave nothing usable; `bad-list`, `bad-classes`, `bad-label`
 * a file with wrong contents; `unwritable` a result that could not be saved.
 */
export type DataErrorCode =
  | "not-found"
  | "unreadable"
  | "not-an-image"
  | "truncated"
  | "bad-size"
  | "no-images"
  | "download-failed"
  | "bad-list"
  | "bad-classes"
  | "bad-label"
  | "unwritable";

/** The one error this package throws about data: `code` is stable, `message` is one line that names the file and the way out. */
export class DataError extends Error {
  readonly code: DataErrorCode;

  constructor(code: DataErrorCode, message: string, options?: ErrorOptions) {
    super(message.replace(/\s*\n\s*/g, " "), options);
    this.name = "DataError";
    this.code = code;
  }
}

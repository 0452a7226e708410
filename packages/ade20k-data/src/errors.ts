import { type Explanation, refuseUnknownOptions, SegError } from "@seg/errors";

/**
 * What went wrong, for programs:
 * `not-found` no such file; `unreadable` no permission, not a regular file, or no threads to decode it with; `not-an-image` no known image format;
 * `truncated` a cut-off or damaged file, or one that holds more than its size needs; `bad-size` an image too small, too large or too long for the transform;
 * `no-images` a folder without images; `download-failed` a URL that gave nothing usable; `bad-list`, `bad-classes`, `bad-label`
 * a file with wrong contents; `option` an option that there is not, or one out of its range.
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
  | "option";

/** The values behind a {@link DataError}, of which each code has some. */
export interface DataErrorData {
  /** The file or folder, or what the image is called. */
  file: string;
  /** Where in it: the line, or the entry of a JSON array, from 1. */
  line: number;
  entry: number;
  /** The list that names that file, and its line, from 1. */
  list: string;
  listLine: number;
  /** The key of a list's record that is wrong. */
  key: string;
  /** The address of a download, and why it gave nothing. */
  url: string;
  reason: string;
  /** The image's size in pixels, and the one that it should have. */
  width: number;
  height: number;
  expectedWidth: number;
  expectedHeight: number;
  /** A label value that no class has, and where it stands first, from 0. */
  value: number;
  x: number;
  y: number;
  numClasses: number;
  /** The values, or colours, that were found in a label file, and of how many pixels. */
  found: readonly (readonly [value: number | string, pixels: number])[];
  /** The option or argument at fault; the name that was probably meant where there is none of this name, else what was received. */
  option: string;
  nearest: string | undefined;
  received: unknown;
}

/**
 * The one error this package throws about data: `code` is stable, `message` is one line that names the file and the way out, `data` holds the
 * values. Files that cannot be written are a `FileError` of `@seg/node`.
 *
 * @example
 * ```ts
 * import { DataError, readLabel } from "@seg/ade20k-data";
 *
 * try {
 *   await readLabel("labels/missing.png");
 * } catch (error) {
 *   if (!(error instanceof DataError)) throw error;
 *   console.log(error.code, error.data.file); // not-found labels/missing.png
 * }
 * ```
 */
export class DataError extends SegError<DataErrorCode, Partial<DataErrorData>> {}

/** An option or argument out of its range. */
export const badOption = (option: string, received: unknown, explanation: Explanation): DataError =>
  new DataError("option", explanation, { data: { option, received } });

/** @throws {DataError} `option` for an option that is not in the list. */
export function refuseUnknown(options: object, known: readonly string[], what: string): void {
  refuseUnknownOptions(options, known, what, (line, data) => new DataError("option", line, { data }));
}

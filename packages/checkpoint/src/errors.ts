import { printable, refuseUnknownOptions, SegError, shorten } from "@seg/errors";
import type { LoadReport } from "./load-report.ts";

/**
 * What went wrong, for programs:
 * - `not-found`: no such file.
 * - `unreadable`: the operating system refused; `cause` holds its error.
 * - `html`: the file is a web page.
 * - `lfs-pointer`: the file is a git-lfs pointer.
 * - `truncated`: the file ends before its contents do.
 * - `corrupt`: the contents are inconsistent.
 * - `unsafe-pickle`: a pickle references a global that a state dict does not need.
 * - `unsupported`: well-formed, but not something this package reads.
 * - `mismatch`: the tensors do not fit the model, or a tensor does not fit its own shape.
 * - `not-finite`: weights are NaN or infinite.
 * - `option`: an option that there is not.
 */
export type CheckpointErrorCode =
  | "not-found"
  | "unreadable"
  | "html"
  | "lfs-pointer"
  | "truncated"
  | "corrupt"
  | "unsafe-pickle"
  | "unsupported"
  | "mismatch"
  | "not-finite"
  | "option";

/** The values behind a {@link CheckpointError}, of which each code has some. */
export interface CheckpointErrorData {
  /** The file. */
  file: string;
  /** `mismatch` with a model: what fits and what does not. */
  report: LoadReport;
  /** The model's name. */
  model: string;
  /** The tensor that is wrong. */
  tensor: string;
  /** How many elements it should have and has, and of which type. */
  expected: { count: number; dtype: string };
  received: { count: number; array: string };
  /** The global that a pickle references: `os.system`. */
  global: string;
  /** The option that there is not, and the one that was probably meant. */
  option: string;
  nearest: string | undefined;
}

/**
 * The one error that this package throws on purpose; `code` is stable, the message is one line for people, `data` holds the values. Files that
 * cannot be written are a `FileError` of `@seg/node`.
 *
 * @example
 * ```ts
 * import { CheckpointError, readCheckpoint } from "@seg/checkpoint";
 *
 * try {
 *   await readCheckpoint("missing.pth");
 * } catch (error) {
 *   if (!(error instanceof CheckpointError)) throw error;
 *   console.log(error.code, error.data.file); // not-found missing.pth
 * }
 * ```
 */
export class CheckpointError extends SegError<CheckpointErrorCode, Partial<CheckpointErrorData>> {}

/** An error of this package as one about a file, with the file's name in its line and data; any other as it is. */
export function aboutFile(error: unknown, file: string): unknown {
  if (!(error instanceof CheckpointError)) return error;
  const { code, message, cause, data } = error;
  const end = message.endsWith(".") ? "" : ".";
  return new CheckpointError(code, `${file}: ${message}${end}`, { cause, data: { ...data, file } });
}

/** @throws {CheckpointError} `option` for an option that is not in the list. */
export function refuseUnknown(options: object, known: readonly string[], what: string): void {
  refuseUnknownOptions(options, known, what, (line, data) => new CheckpointError("option", line, { data }));
}

/** Text from a file, escaped and shortened for a line of an error message. */
export const quote = (text: string): string => printable(shorten(text, 80));

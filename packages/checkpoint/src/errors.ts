/**
 * What went wrong, for programs:
 * - `not-found`: no such file.
 * - `unreadable`, `unwritable`: the operating system refused; `cause` holds its error.
 * - `html`: a web page was saved in place of the file.
 * - `lfs-pointer`: a git-lfs pointer stands in place of the file.
 * - `truncated`: the file ends before its contents do.
 * - `corrupt`: the contents contradict themselves.
 * - `unsafe-pickle`: a pickle wants to call something that a state dict has no need of.
 * - `unsupported`: well-formed, but not something this package reads.
 * - `mismatch`: the tensors do not fit the model, or a tensor does not fit its own shape.
 */
export type CheckpointErrorCode =
  | "not-found"
  | "unreadable"
  | "unwritable"
  | "html"
  | "lfs-pointer"
  | "truncated"
  | "corrupt"
  | "unsafe-pickle"
  | "unsupported"
  | "mismatch";

/** The one error that this package throws; `code` is stable, the message is one line for people. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  readonly code: CheckpointErrorCode;

  /**
   * @param code - What went wrong, for programs.
   * @param message - One line: what was expected, what came, the way out.
   * @param options - `cause`, where another error stands behind this one.
   */
  constructor(code: CheckpointErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Text from a file, made fit for a line of an error message. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return JSON.stringify(short).slice(1, -1);
}

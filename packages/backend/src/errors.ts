/** What went wrong, for programs; the message says the same to people. */
export type BackendErrorCode =
  | "unknown-engine"
  | "engine-unavailable"
  /** The engine runs, but not what it was asked to prove. */
  | "engine-unfit"
  /** An operation failed inside the engine. */
  | "engine-failed"
  /** An operation did not fit into the engine's memory. */
  | "out-of-memory"
  | "invalid-option"
  | "unsupported-platform"
  | "package-missing"
  | "python-missing"
  | "pip-missing"
  | "compiler-missing"
  | "make-missing"
  | "node-gyp-missing"
  | "disk-full"
  | "no-network"
  | "download-failed"
  | "build-failed"
  | "proof-failed"
  | "not-writable"
  | "busy";

/** The one error this package throws on purpose: a line that says what is wrong and the way out, and a stable `code`. */
export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly code: BackendErrorCode;

  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The first line of whatever was thrown. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.trim().split("\n", 1)[0]!.trim();
}

import { refuseUnknownOptions, SegError } from "@seg/errors";

/** What went wrong, for programs; the message says the same to people. */
export type BackendErrorCode =
  | "unknown-engine"
  | "engine-unavailable"
  /** The engine starts, but fails the proof. */
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

/** The values behind a {@link BackendError}, of which each code has some. */
export interface BackendErrorData {
  /** The engine that was named, or that failed. */
  engine: string;
  /** Why it failed, in the engine's or the program's own words. */
  reason: string;
  /** Every engine that was tried, and why it will not do. */
  unavailable: readonly { name: string; reason: string }[];
  /** The operation that failed. */
  operation: string;
  /** The option that is wrong, and what it held. */
  option: string;
  received: unknown;
  /** The name that was probably meant. */
  nearest: string | undefined;
  /** The system that something is not to be had for. */
  platform: string;
  arch: string;
  gpu: boolean;
  /** The npm package, Python distribution or program that is wanted. */
  package: string;
  requirement: string;
  program: string;
  /** The command that installs it here, where one is known. */
  command: string | undefined;
  /** The file or folder. */
  file: string;
  /** Gigabytes that are needed and that are free. */
  needed: number;
  free: number;
  /** Who holds the lock. */
  owner: { pid: number; host: string } | undefined;
}

/**
 * The one error this package throws on purpose: a line that says what is wrong and the way out, and a stable `code`.
 *
 * @example
 * ```ts
 * import { BackendError, type EngineName, startEngine } from "@seg/backend";
 *
 * const wanted = "wams" as EngineName; // As a configuration has it, say.
 * try {
 *   await startEngine(wanted);
 * } catch (error) {
 *   if (!(error instanceof BackendError)) throw error;
 *   console.log(error.code, error.data.nearest); // unknown-engine wasm
 * }
 * ```
 */
export class BackendError extends SegError<BackendErrorCode, Partial<BackendErrorData>> {}

/** The first line of whatever was thrown. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.trim().split("\n", 1)[0]!.trim();
}

/**
 * Refuses options that are not in the list.
 *
 * @throws {BackendError} `invalid-option`, with the nearest name.
 */
export function refuseUnknown(options: object, known: readonly string[], what: string): void {
  refuseUnknownOptions(options, known, what, (line, data) => new BackendError("invalid-option", line, { data }));
}

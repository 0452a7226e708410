import { printable, shorten } from "@seg/errors";
import type { ErrorCodes } from "@seg/pipeline/config";
import { CommanderError } from "commander";
import { OutputError } from "./errors.ts";

/** How a command ends. */
export const EXIT = { DONE: 0, FAILED: 1, USAGE: 2, MISSING: 3, INTERRUPTED: 130, UNREAD: 141 } as const;

type ExitCode = (typeof EXIT)[keyof typeof EXIT];
const { FAILED, USAGE, MISSING, INTERRUPTED, UNREAD } = EXIT;

/** How a command ends on each error; a code that is added or renamed anywhere does not compile until it stands here. */
const BY_CODE: { [Name in keyof ErrorCodes]: Record<ErrorCodes[Name], ExitCode> } & Record<string, object> = {
  UsageError: { usage: USAGE },
  OutputError: { closed: UNREAD, unwritable: FAILED },
  PipelineError: {
    option: USAGE,
    config: USAGE,
    missing: MISSING,
    download: FAILED,
    "out-of-memory": FAILED,
    "engine-unavailable": FAILED,
    hosts: FAILED,
    interrupted: INTERRUPTED,
    failed: FAILED,
  },
  BackendError: {
    "unknown-engine": USAGE,
    "engine-unavailable": FAILED,
    "engine-unfit": FAILED,
    "engine-failed": FAILED,
    "out-of-memory": FAILED,
    "invalid-option": FAILED,
    "unsupported-platform": FAILED,
    "package-missing": FAILED,
    "python-missing": FAILED,
    "pip-missing": FAILED,
    "compiler-missing": FAILED,
    "make-missing": FAILED,
    "node-gyp-missing": FAILED,
    "disk-full": FAILED,
    "no-network": FAILED,
    "download-failed": MISSING,
    "build-failed": FAILED,
    "proof-failed": FAILED,
    "not-writable": FAILED,
    busy: FAILED,
  },
  CheckpointError: {
    "not-found": MISSING,
    unreadable: FAILED,
    html: FAILED,
    "lfs-pointer": FAILED,
    truncated: FAILED,
    corrupt: FAILED,
    "unsafe-pickle": FAILED,
    unsupported: FAILED,
    mismatch: FAILED,
    "not-finite": FAILED,
    option: FAILED,
  },
  CollectiveError: {
    timeout: FAILED,
    dead: FAILED,
    unreachable: FAILED,
    mismatch: FAILED,
    unavailable: FAILED,
    option: FAILED,
    disposed: FAILED,
  },
  DataError: {
    "not-found": MISSING,
    unreadable: FAILED,
    "not-an-image": FAILED,
    truncated: FAILED,
    "bad-size": FAILED,
    "no-images": MISSING,
    "download-failed": MISSING,
    "bad-list": FAILED,
    "bad-classes": USAGE,
    "bad-label": FAILED,
    option: FAILED,
  },
  DataParallelError: {
    sample: FAILED,
    module: FAILED,
    thread: FAILED,
    replica: FAILED,
    scatter: FAILED,
    option: FAILED,
    disposed: FAILED,
  },
  DecoderError: { "unknown-decoder": FAILED, features: USAGE, option: FAILED },
  EncoderError: { "unknown-encoder": FAILED, option: FAILED },
  FileError: { unwritable: FAILED, unreadable: FAILED },
  GraphModelError: { option: FAILED, model: FAILED, value: FAILED },
  LayersError: { shape: FAILED, option: FAILED, model: FAILED, value: FAILED },
  MetricsError: { "bad-label": FAILED, "bad-size": FAILED, "bad-classes": USAGE, "bad-json": FAILED },
  OnnxError: { option: FAILED, model: FAILED, runtime: FAILED, shape: FAILED, "out-of-memory": FAILED },
  ServeError: { option: USAGE, "port-in-use": FAILED, "not-listening": FAILED, workers: FAILED },
  SyncBatchNormError: { shape: FAILED, option: FAILED, model: FAILED, engine: FAILED },
};

/**
 * The exit code for an error that ended a command.
 *
 * @param signal - aborted if the command was to end: with {@link OutputError} because of that, otherwise because the user wanted it so.
 */
export function exitCodeOf(error: unknown, signal?: AbortSignal): number {
  if (signal?.aborted) return signal.reason instanceof OutputError ? exitCodeOf(signal.reason) : INTERRUPTED;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE : USAGE;
  const { name = "", code = "" } = (error ?? {}) as { name?: string; code?: string };
  return (BY_CODE[name] as Record<string, ExitCode> | undefined)?.[code] ?? FAILED;
}

/** Of others' errors, which may quote a word or file without end. */
const LONGEST_LINE = 8000;

/** Commander's words for an argument that is none of its choices. */
const WRONG_CHOICE = /^command-argument value '(.*)' is invalid for argument '(.*)'\. Allowed choices are (.*)\.$/s;

/** What the user is told of the error: one line. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error && error.message ? error.message : String(error);
  const line = message
    .replace(/^error: /, "")
    .replace(
      WRONG_CHOICE,
      (_, value, argument, choices) => `Expected ${argument} to be one of ${choices} but received ${value}`,
    )
    .split(/\s*\n\s*/)
    .filter(Boolean)
    .join(" ");
  // Others' errors may quote what a terminal would obey.
  return shorten(printable(line), LONGEST_LINE);
}

import type { DataErrorCode } from "@seg/ade20k-data";
import type { BackendErrorCode } from "@seg/backend";
import type { CheckpointErrorCode } from "@seg/checkpoint";
import type { CollectiveErrorCode } from "@seg/collectives";
import type { DataParallelErrorCode } from "@seg/data-parallel";
import type { DecoderErrorCode } from "@seg/decoders";
import type { EncoderErrorCode } from "@seg/encoders";
import { SegError } from "@seg/errors";
import type { LayersErrorCode } from "@seg/layers";
import type { MetricsErrorCode } from "@seg/metrics";
import type { FileErrorCode } from "@seg/node";
import type { SyncBatchNormErrorCode } from "@seg/sync-bn";

/** What went wrong, for programs: stable, one for each thing a caller may want to handle. */
export type PipelineErrorCode =
  /** An option that makes no sense, or contradicts another one. */
  | "option"
  /** A configuration that cannot be read or does not hold together. */
  | "config"
  /** Images, lists or weights that are not where they should be. */
  | "missing"
  /** A file that could not be downloaded. */
  | "download"
  /** Another process of the same work was asked to end it early. */
  | "interrupted"
  /** Everything else. */
  | "failed";

/** The one error that this package throws on purpose; errors of the packages below it pass through. */
export class PipelineError extends SegError<PipelineErrorCode, Record<string, unknown>> {}

/** The codes of all errors that reach a caller of this package, by the errors' names. */
export interface ErrorCodes {
  PipelineError: PipelineErrorCode;
  BackendError: BackendErrorCode;
  CheckpointError: CheckpointErrorCode;
  CollectiveError: CollectiveErrorCode;
  DataError: DataErrorCode;
  DataParallelError: DataParallelErrorCode;
  DecoderError: DecoderErrorCode;
  EncoderError: EncoderErrorCode;
  FileError: FileErrorCode;
  LayersError: LayersErrorCode;
  MetricsError: MetricsErrorCode;
  SyncBatchNormError: SyncBatchNormErrorCode;
}

/** Whether it says what is wrong with data or settings: an error of the packages themselves, whose codes, unlike Node's, are in lower case. */
export function isOwnError(error: unknown): error is Error & { code: string } {
  const { code } = (error ?? {}) as { code?: unknown };
  return error instanceof Error && typeof code === "string" && /^[a-z-]+$/.test(code);
}

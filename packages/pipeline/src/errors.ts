import type { DataErrorCode } from "@seg/ade20k-data";
import type { BackendErrorCode } from "@seg/backend";
import type { CheckpointErrorCode } from "@seg/checkpoint";
import type { CollectiveErrorCode } from "@seg/collectives";
import type { DataParallelErrorCode } from "@seg/data-parallel";
import type { DecoderErrorCode } from "@seg/decoders";
import type { EncoderErrorCode } from "@seg/encoders";
import type { GraphModelErrorCode } from "@seg/graph-model";
import type { LayersErrorCode } from "@seg/layers";
import type { MetricsErrorCode } from "@seg/metrics";
import type { FileErrorCode } from "@seg/node";
import type { OnnxErrorCode } from "@seg/onnx";
import type { PipelineErrorCode } from "@seg/segmenter/config";
import type { SyncBatchNormErrorCode } from "@seg/sync-bn";

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
  GraphModelError: GraphModelErrorCode;
  LayersError: LayersErrorCode;
  MetricsError: MetricsErrorCode;
  OnnxError: OnnxErrorCode;
  SyncBatchNormError: SyncBatchNormErrorCode;
}

export { PipelineError, type PipelineErrorCode, type PipelineErrorData, refuseUnknown } from "@seg/segmenter/config";

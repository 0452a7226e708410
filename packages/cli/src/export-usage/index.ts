import type { ExportResult } from "@seg/pipeline/export";
import { checkpointUsage } from "./checkpoint.ts";
import { onnxUsage } from "./onnx.ts";
import { tfjsUsage } from "./tfjs.ts";

/** How an export is run or read: a program for each place. */
export type ExportUsage = Readonly<Record<string, string>>;

/** How the network was exported, as far as programs that run it differ by that. */
export interface ExportForm {
  output?: "logits" | "probabilities" | "labels";
  size?: "network" | "input" | "given";
  input?: "float32" | "rgb";
  layout?: "nchw" | "nhwc";
}

/**
 * Programs that run or read an export.
 *
 * @returns each by the place where it runs, such as `Python`.
 */
export function exportUsage(result: ExportResult, form: ExportForm): ExportUsage {
  if (result.format === "onnx") return onnxUsage(result, form);
  return result.format === "tfjs" ? tfjsUsage(result, form) : checkpointUsage(result);
}

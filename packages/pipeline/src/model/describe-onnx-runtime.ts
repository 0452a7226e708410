import { type ProbeLimits, runProbe } from "@seg/backend";
import { ownModule } from "@seg/node";
import type { OnnxProbe } from "./onnx-probe-main.ts";

/** ONNX Runtime as `describeEngines` of `@seg/backend` describes an engine. */
export type OnnxReport =
  | ({ available: true; name: "onnxruntime" } & OnnxProbe)
  | { available: false; name: "onnxruntime"; package: string; reason: string };

/** Options of {@link describeOnnxRuntime}. */
export interface DescribeOnnxOptions extends ProbeLimits {
  /** Also measure its speed, in about a second. Default true. */
  measure?: boolean;
}

/**
 * Tries ONNX Runtime in a process of its own.
 *
 * @throws the signal's reason.
 *
 * @example
 * ```ts
 * import { describeOnnxRuntime } from "@seg/pipeline/model";
 *
 * const report = await describeOnnxRuntime({ measure: false });
 * // Where the package onnxruntime-node does not load, the reason says why.
 * const line = report.available ? "ONNX Runtime runs here" : `${report.package}: ${report.reason}`;
 * console.log(/^ONNX Runtime runs here$|^onnxruntime-node: ./.test(line)); // true
 * ```
 */
export async function describeOnnxRuntime({
  measure = true,
  ...limits
}: DescribeOnnxOptions = {}): Promise<OnnxReport> {
  const entry = ownModule("./onnx-probe-main", import.meta.url);
  const found = await runProbe<OnnxProbe>(entry, [measure ? "measure" : ""], limits);
  if ("package" in found) return { available: true, name: "onnxruntime", ...found };
  return { available: false, name: "onnxruntime", package: "onnxruntime-node", ...found };
}

import { isOutOfMemory } from "@seg/errors";
import type { ArrayTensor } from "@seg/layers";
import { OnnxError } from "../errors.ts";

/** What the runtime says, without the place in its sources. */
const firstLine = (error: unknown) =>
  String((error as Error)?.message ?? error)
    .split("\n")[0]!
    .replace(/^Load model from .*? failed:\s*/, "")
    .replace(/\/onnxruntime_src\/.*?\) (?=[A-Z]|\w+ failed)/g, "")
    .trim();

/** The runtime's error while it opens a model, as one line of ours; errors that are not the runtime's stay what they are. */
export function openingFailed(name: string, error: unknown): unknown {
  if (error instanceof OnnxError || !(error instanceof Error) || "code" in error) return error;
  const reason = firstLine(error);
  if (isOutOfMemory(reason)) return outOfMemory(`${name}: ONNX Runtime has no memory for it`, reason, error);
  if (/ExecutionProvider/.test(reason)) {
    const line = `its provider does not start here (${reason}): use the CPU, or install what it needs`;
    return new OnnxError("runtime", line, { cause: error, data: { reason } });
  }
  const hint = "get the file anew, or a newer runtime if the file is newer than it";
  return new OnnxError("model", `${name}: ONNX Runtime cannot open it (${reason}): ${hint}`, {
    cause: error,
    data: { file: name, reason },
  });
}

/** The runtime's error while it runs a model. */
export function runningFailed({ shape }: ArrayTensor, error: unknown): OnnxError {
  const reason = firstLine(error);
  if (isOutOfMemory(reason))
    return outOfMemory(`ONNX Runtime ran out of memory at an image of [${shape}]`, reason, error);
  const line = `ONNX Runtime failed at an image of [${shape}]: ${reason}`;
  return new OnnxError("runtime", line, { cause: error, data: { reason } });
}

const outOfMemory = (what: string, reason: string, cause: unknown) =>
  new OnnxError("out-of-memory", `${what}: take a smaller one or fewer at a time`, { cause, data: { reason } });

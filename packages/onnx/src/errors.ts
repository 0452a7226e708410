import { refuseUnknownOptions, SegError } from "@seg/errors";

/**
 * What went wrong, for programs: `option` an option that there is not, or one out of range; `model` an ONNX file that is damaged or of
 * another kind; `runtime` ONNX Runtime that is missing, too old or cannot run this; `shape` an input of the wrong shape;
 * `out-of-memory`.
 */
export type OnnxErrorCode = "option" | "model" | "runtime" | "shape" | "out-of-memory";

/** The values behind an {@link OnnxError}, of which each code has some. */
export interface OnnxErrorData {
  /** `option`: its name, and the name that was probably meant. */
  option: string;
  nearest: string | undefined;
  /** What was expected and what came. */
  expected: unknown;
  received: unknown;
  /** `model`: the file, where it is one. */
  file: string;
  /** `runtime`, `model`: why, in the runtime's words. */
  reason: string;
}

/**
 * The one error that this package throws on purpose: `code` is stable, the message is one line, `data` holds the values.
 *
 * @example
 * ```ts
 * import { OnnxError, onnxInference } from "@seg/onnx";
 *
 * try {
 *   await onnxInference(new TextEncoder().encode("no network"));
 * } catch (error) {
 *   if (!(error instanceof OnnxError)) throw error;
 *   console.log(error.code); // model
 * }
 * ```
 */
export class OnnxError extends SegError<OnnxErrorCode, Partial<OnnxErrorData>> {}

/** @throws {OnnxError} `option` for an option that is not in the list. */
export const refuseUnknown = (options: object, known: readonly string[], what: string): void =>
  refuseUnknownOptions(options, known, what, (line, data) => new OnnxError("option", line, { data }));

/** An option out of its range. */
export const badOption = (option: string, expected: string, received: unknown): OnnxError =>
  new OnnxError("option", { expected, received: String(received) }, { data: { option, received } });

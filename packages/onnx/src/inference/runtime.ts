import type * as ort from "onnxruntime-common";
import { badOption, OnnxError } from "../errors.ts";

/** ONNX Runtime, loaded. */
export interface Runtime {
  /** The npm package, and its version. */
  readonly package: "onnxruntime-node" | "onnxruntime-web";
  readonly version: string;
  /** Execution providers that the package can offer: `cpu`, `cuda`, `dml`, `coreml`, `wasm`, `webgpu`, … */
  readonly providers: readonly string[];
  /** How many threads can run at a time. */
  readonly processors: number;
  readonly Tensor: typeof ort.Tensor;
  /** @throws {OnnxError} `model` for what is no file, or a model of more nodes than any network. */
  open(model: string | Uint8Array, options: ort.InferenceSession.SessionOptions): Promise<ort.InferenceSession>;
}

/** A model whose large constants lie apart. */
export interface ModelParts {
  readonly file: Uint8Array;
  /** What the file calls the place of its constants. */
  readonly location: string;
  /** The constants, piece by piece. */
  constants(): Iterable<Uint8Array>;
  /** Called when all of them are written. */
  readonly onWritten?: (() => void) | undefined;
}

/** More threads than any machine has processors are a mistake. */
const MOST_THREADS = 1024;

/**
 * The threads that are wanted; one for each processor unless told.
 *
 * @throws {OnnxError} `option` for a number that is none.
 */
export function threadsOf({ processors }: Runtime, { threads = processors }: { threads?: number | undefined }): number {
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return threads;
  throw badOption("threads", `threads: a whole number from 1 to ${MOST_THREADS}`, threads);
}

/** The oldest version that knows what is written here. */
const OLDEST = [1, 20] as const;

/** @throws {OnnxError} `runtime` for a version that is too old. */
export function checkVersion(name: string, version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new OnnxError(
    "runtime",
    {
      expected: `${name} of version ${OLDEST.join(".")} or newer`,
      received: version,
      hint: `npm install ${name}@latest`,
    },
    { data: { received: version } },
  );
}

/** The error of a runtime that does not load. */
export function missingRuntime(name: string, error: unknown): OnnxError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = String(message).split("\n")[0]!;
  // Browsers and bundlers have words in place of codes.
  const isUnfound = /^(ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND)$/.test(String(code)) || /resolve/.test(reason);
  const isAbsent = isUnfound && new RegExp(`["']${name}["']`).test(reason);
  const text = isAbsent
    ? `${name} is not installed: npm install --ignore-scripts ${name}`
    : `${name} is installed but does not load here (${reason})`;
  return new OnnxError("runtime", text, { cause: error, data: { reason } });
}

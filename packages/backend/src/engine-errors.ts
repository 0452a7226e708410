import * as tf from "@tensorflow/tfjs";
import type { EngineName } from "./engine.ts";
import { BackendError, type BackendErrorCode, firstLine } from "./errors.ts";

/** The name of the started engine, by TF.js's backend. */
const started = new Map<string, EngineName>();

/** The instances of TF.js's engine whose errors are wrapped already. */
const wrapped = new WeakSet<object>();

/**
 * Wraps the errors that an engine throws: each becomes a {@link BackendError} that names the engine, the operation and a way out, not just a
 * status or an abort. It patches `runKernel`, through which TF.js runs every operation of every engine, and the functions that upload and read
 * back values. A kernel that catches its engine's errors sees the original ones.
 *
 * @param name - the engine's name for TF.js's current backend.
 */
export function wrapEngineErrors(name: EngineName): void {
  started.set(tf.getBackend(), name);
  const engine = tf.engine();
  if (wrapped.has(engine)) return;
  wrapped.add(engine);
  const { runKernel, makeTensor, read, readSync } = engine;
  engine.runKernel = function (kernel, ...rest) {
    return withExplainedErrors(kernel, () => runKernel.call(this, kernel, ...rest)) as never;
  };
  engine.makeTensor = function (...args) {
    return withExplainedErrors("making a tensor", () => makeTensor.apply(this, args));
  };
  engine.readSync = function (id) {
    return withExplainedErrors("reading a tensor", () => readSync.call(this, id));
  };
  engine.read = function (id) {
    return read.call(this, id).catch((error) => {
      throw explained(error, "reading a tensor");
    });
  };
}

function withExplainedErrors<T>(operation: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(error, operation);
  }
}

/** Error messages of engines, and what each means; the first match counts. */
const MEANINGS: readonly [pattern: RegExp, code: BackendErrorCode, verb: string, way: string][] = [
  [
    /^Invalid TF_Status: 8\b|Invalid typed array length|Array buffer allocation failed|out of memory|enlarge memory/i,
    "out-of-memory",
    "ran out of memory in",
    "use smaller images, fewer at a time, or an engine with more memory",
  ],
  // WebAssembly's traps give no reason: nearly always it is memory, and its state is corrupt afterwards.
  [
    /^Aborted\(|memory access out of bounds|^unreachable/,
    "out-of-memory",
    "broke off in",
    "start the program again, with smaller images, fewer at a time, or another engine",
  ],
  [
    /^Invalid TF_Status: (?:10|12)\b|^Kernel '.*' not registered for backend/,
    "engine-failed",
    "cannot compute",
    "use another engine, and leave TF_ENABLE_ONEDNN_OPTS unset if it is a native one",
  ],
  [/^Invalid TF_Status: /, "engine-failed", "failed in", "use another engine, and tell the project of it"],
  [
    /device .*lost|lost .*device/i,
    "engine-failed",
    "lost its GPU in",
    "start the program again, or use another engine",
  ],
];

/** The error as a user should read it: one of the engine's own as a {@link BackendError}, any other as it is. */
function explained(error: unknown, operation: string): unknown {
  if (!(error instanceof Error) || error instanceof BackendError) return error;
  const meaning = MEANINGS.find(([pattern]) => pattern.test(error.message)) ?? (ofEngine(error) ? UNKNOWN : undefined);
  if (!meaning) return error;
  const [, code, verb, way] = meaning;
  const backend = tf.getBackend();
  const name = started.get(backend) ?? backend;
  const reason = reasonOf(error);
  return new BackendError(code, `Engine ${name} ${verb} ${operation} (${reason}): ${way}.`, {
    cause: error,
    data: { engine: name, operation, reason },
  });
}

const UNKNOWN = [/^/, "engine-failed", "failed in", "use another engine, and tell the project of it"] as const;

/** WebAssembly's traps and the GPU's errors; TF.js's own are plain. */
const ofEngine = (error: Error) => error.name === "RuntimeError" || error instanceof DOMException;

/** The engine's message, without TensorFlow's status prefix. */
function reasonOf(error: Error): string {
  return firstLine(error.message.replace(/^Invalid TF_Status: (\d+)\s*Message: /, "")) || error.name;
}

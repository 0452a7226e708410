import { isOutOfMemory } from "@seg/errors";
import * as tf from "@tensorflow/tfjs";
import type { EngineName } from "./engine.ts";
import { BackendError, type BackendErrorCode, firstLine } from "./errors.ts";
import { LossWatch } from "./loss-watch.ts";

/** An engine that was started. */
interface Started extends WrapOptions {
  name: EngineName | "webgl";
  /** What broke it, so that nothing it computes can be trusted any more. */
  broken?: BackendError;
  watch?: LossWatch | undefined;
}

/** How {@link wrapEngineErrors} knows of failures. */
export interface WrapOptions {
  /** What the engine said of a kernel that just returned without having computed. */
  failure?: (() => string | undefined) | undefined;
  /** Resolves, with the reason, once the engine's device is gone: a read that waits for it then would wait for ever, or get zeros. */
  lost?: Promise<string> | undefined;
}

/** The started engines, by TF.js's backend. */
const started = new Map<string, Started>();

/** The instances of TF.js's engine whose errors are wrapped already. */
const wrapped = new WeakSet<object>();

/**
 * Wraps the errors that an engine throws: each becomes a {@link BackendError} that names the engine, the operation and a way out, not just a
 * status or an abort. It patches `runKernel`, through which TF.js runs every operation of every engine, and the functions that upload and read
 * back values. A kernel that catches its engine's errors sees the original ones.
 *
 * An engine that was broken off in its middle computes nothing any more: everything after that throws too, and says so.
 *
 * @param name - the engine's name for TF.js's current backend.
 */
export function wrapEngineErrors(name: EngineName | "webgl", options: WrapOptions = {}): void {
  const backend = tf.getBackend();
  const watch = options.lost && new LossWatch(options.lost);
  started.set(backend, { ...started.get(backend), ...options, ...(watch && { watch }), name });
  const engine = tf.engine();
  if (wrapped.has(engine)) return;
  wrapped.add(engine);
  const { runKernel, makeTensor, read, readSync } = engine;
  engine.runKernel = function (kernel, ...rest) {
    return withExplainedErrors(kernel, () => {
      const result = runKernel.call(this, kernel, ...rest) as tf.Tensor | tf.Tensor[];
      const failure = started.get(tf.getBackend())?.failure?.();
      // Of a result without elements, nothing is uncomputed.
      if (failure === undefined || [result].flat().every(({ size }) => size === 0)) return result;
      tf.dispose(result);
      throw new Error(failure);
    }) as never;
  };
  engine.makeTensor = function (...args) {
    return withExplainedErrors("making a tensor", () => makeTensor.apply(this, args));
  };
  engine.readSync = function (id) {
    return withExplainedErrors("reading a tensor", () => {
      const values = readSync.call(this, id);
      throwIfFailed();
      return values;
    });
  };
  engine.read = async function (id) {
    const { broken, watch } = started.get(tf.getBackend()) ?? {};
    if (broken) throw brokenError(broken, "reading a tensor");
    try {
      const reading = read.call(this, id);
      const values = await (watch ? watch.during(reading) : reading);
      throwIfFailed();
      return values;
    } catch (error) {
      throw explained(error, "reading a tensor");
    }
  };
}

/** Of a device that is gone, values are zeros. */
function throwIfFailed(): void {
  const failure = started.get(tf.getBackend())?.failure?.();
  if (failure !== undefined) throw new Error(failure);
}

function withExplainedErrors<T>(operation: string, work: () => T): T {
  const broken = started.get(tf.getBackend())?.broken;
  if (broken) throw brokenError(broken, operation);
  try {
    return work();
  } catch (error) {
    throw explained(error, operation);
  }
}

/** The error of everything after what broke an engine. */
function brokenError(cause: BackendError, operation: string): BackendError {
  const { engine = "", operation: first = "", reason = "" } = cause.data;
  const line = `Engine ${engine} broke off in ${first} (${reason}) and computes nothing since then, not ${operation} either: ${RESTART}.`;
  return new BackendError(cause.code, line, { cause, data: { engine, operation, reason } });
}

const RESTART = "start the program again, with smaller images, fewer at a time, or another engine";

/** What breaks an engine for good: a trap of WebAssembly in the middle of a computation, or XNNPACK without memory (status 6) to set one up. */
const BREAKS = /^Aborted\(|memory access out of bounds|^unreachable|^XNN status .*\bstatus 6\b/;

/** Error messages of engines, and what each means; the first match counts. */
const MEANINGS: readonly [
  pattern: { test(message: string): boolean },
  code: BackendErrorCode,
  verb: string,
  way: string,
][] = [
  // WebAssembly's traps give no reason: nearly always it is memory, and its state is corrupt afterwards.
  [BREAKS, "out-of-memory", "broke off in", RESTART],
  [
    { test: isOutOfMemory },
    "out-of-memory",
    "ran out of memory in",
    "use smaller images, fewer at a time, or an engine with more memory",
  ],
  [
    /^Invalid TF_Status: (?:10|12)\b|^Kernel '.*' not registered for backend/,
    "engine-failed",
    "cannot compute",
    "use another engine, and leave TF_ENABLE_ONEDNN_OPTS unset if it is a native one",
  ],
  [/^XNN status /, "engine-failed", "cannot compute", "use another engine"],
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
  const engine = started.get(backend);
  const name = engine?.name ?? backend;
  const reason = reasonOf(error);
  const failure = new BackendError(code, `Engine ${name} ${verb} ${operation} (${reason}): ${way}.`, {
    cause: error,
    data: { engine: name, operation, reason },
  });
  if (engine?.name === "wasm" && BREAKS.test(error.message)) abandon(engine, failure);
  return failure;
}

/** Lets nothing into an engine that is broken; its tensors can still be disposed of, by doing nothing. */
function abandon(engine: Started, broken: BackendError): void {
  engine.broken = broken;
  tf.backend().disposeData = () => true;
}

const UNKNOWN = [/^/, "engine-failed", "failed in", "use another engine, and tell the project of it"] as const;

/** WebAssembly's traps and the GPU's errors; TF.js's own are plain. */
const ofEngine = (error: Error) => error.name === "RuntimeError" || error instanceof DOMException;

/** The engine's message, without TensorFlow's status prefix. */
function reasonOf(error: Error): string {
  const text = firstLine(error.message.replace(/^Invalid TF_Status: (\d+)\s*Message: /, "")) || error.name;
  return text.replace(/ (?:Build with|Use) -.*$/, "").replace(/\.$/, "");
}

import { AUTO_ORDER, type Engine, type EngineLoader, type EngineName, parseEngineChoice } from "./engine.ts";
import { BackendError, firstLine, refuseUnknown } from "./errors.ts";
import { loadTensorflow, loadTensorflowGpu } from "./native.ts";
import { loadCpu, loadWasm } from "./wasm-and-cpu.ts";
import { loadWebgpu } from "./webgpu.ts";

/** An engine that was tried and could not start or did not pass the proof, and why, in one line. */
export interface EngineFailure {
  name: EngineName;
  reason: string;
}

/** The engine that runs, and those tried before it. */
export interface EngineInfo extends Engine {
  unavailable: EngineFailure[];
}

export interface StartOptions {
  /**
   * Threads of the native CPU engine, for the whole process; by default one per core. TensorFlow reads it once, when it is
   * first loaded, and only from the main thread: before starting engines in worker threads, set `TF_NUM_INTRAOP_THREADS` there.
   */
  threads?: number | undefined;
  /**
   * A self-test: called with each engine that starts, as TF.js's current one; an engine for which it throws is rejected, with its error as the
   * reason. By default an engine only has to start.
   */
  proof?: EngineProof | undefined;
  /** Receives one line for each engine that could not start and one for the engine that did. Default: nothing is printed. */
  log?: ((line: string) => void) | undefined;
}

/** A self-test of TF.js's current engine: runs the operations that will be needed, and throws if one fails or is wrong. */
export type EngineProof = (engine: Engine) => void | Promise<void>;

const START_OPTIONS = ["threads", "proof", "log"] satisfies (keyof StartOptions)[];

const LOADERS: Record<EngineName, EngineLoader> = {
  "tensorflow-gpu": loadTensorflowGpu,
  tensorflow: loadTensorflow,
  webgpu: loadWebgpu,
  wasm: loadWasm,
  cpu: loadCpu,
};

/**
 * Starts a TF.js engine and makes it the current one (`tf.getBackend()`). `auto` takes the first that starts of native GPU,
 * native CPU and WebAssembly and passes the proof. May be called again, with the same or another engine; tensors stay on the engine that made
 * them until they are used.
 *
 * TF.js calls both native engines `tensorflow`, and a process can load one of their two packages. TensorFlow's own start-up
 * messages are suppressed by `TF_CPP_MIN_LOG_LEVEL=2` unless the variable is set; the note that its oneDNN operations are on
 * is printed before TensorFlow reads any variable, on processors that have them.
 *
 * From then on errors of an engine, in any operation, are thrown as a {@link BackendError}: `out-of-memory` or `engine-failed`, in one line that
 * names the engine, the operation and a way out.
 *
 * @returns the engine that runs, with the reason for each one tried before it.
 * @throws {BackendError} `engine-unavailable` if none could start or pass, with the reasons; `engine-unfit` if the one that was named
 *   starts and does not pass; `unknown-engine`; `invalid-option`.
 *
 * @example
 * ```ts
 * import { startEngine } from "@seg/backend";
 *
 * const { name } = await startEngine("cpu");
 * console.log(name); // cpu
 * ```
 */
export async function startEngine(choice: EngineName | "auto", options: StartOptions = {}): Promise<EngineInfo> {
  refuseUnknown(options, START_OPTIONS, "the options of startEngine");
  return startFirst(choice, options, LOADERS);
}

/** {@link startEngine} over the given loaders. */
export async function startFirst(
  choice: EngineName | "auto",
  { threads, proof, log }: StartOptions,
  loaders: Record<EngineName, EngineLoader>,
): Promise<EngineInfo> {
  const parsed = parseEngineChoice(choice);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new BackendError(
      "invalid-option",
      { expected: "threads to be a positive integer", received: String(threads) },
      { data: { option: "threads", received: threads } },
    );
  }
  const unavailable: EngineFailure[] = [];
  for (const name of parsed === "auto" ? AUTO_ORDER : [parsed]) {
    let starts = false;
    try {
      const engine = await loaders[name]({ threads });
      starts = true;
      await proof?.(engine);
      log?.(`Engine ${name}: ${describe(engine)}`);
      return { ...engine, unavailable };
    } catch (error) {
      const reason = firstLine(error);
      const message = `Engine ${name} ${starts ? "starts but cannot do this work" : "cannot start"}: ${reason}`;
      if (parsed !== "auto") {
        throw new BackendError(starts ? "engine-unfit" : "engine-unavailable", message, {
          cause: error,
          data: { engine: name, reason },
        });
      }
      log?.(message);
      unavailable.push({ name, reason });
    }
  }
  const reasons = unavailable.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  throw new BackendError("engine-unavailable", `No engine will do. ${reasons}`, { data: { unavailable } });
}

function describe({ package: from, version, tensorflow, oneDnn, device, threads }: Engine): string {
  const by = oneDnn === undefined ? "" : oneDnn ? " with oneDNN" : " without oneDNN";
  const library = tensorflow ? `, TensorFlow ${tensorflow}${by}` : "";
  return `${from} ${version}${library}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${device}`;
}

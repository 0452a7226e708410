import { AUTO_ORDER, type EngineLoader, type EngineName } from "./engine.ts";
import { refuseUnknown } from "./errors.ts";
import { loadTensorflow, loadTensorflowGpu } from "./native.ts";
import { type EngineInfo, type EngineProof, startFirst } from "./start-first.ts";
import { loadCpu, loadWasm } from "./wasm-and-cpu.ts";
import { loadWebgpu } from "./webgpu.ts";

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
  return startFirst(choice, options, LOADERS, AUTO_ORDER);
}

import { AUTO_ORDER, type Engine, type EngineLoader, type EngineName, parseEngineChoice } from "./engine.ts";
import { BackendError, firstLine } from "./errors.ts";
import { loadTensorflow, loadTensorflowGpu } from "./native.ts";
import { loadCpu, loadWasm } from "./portable.ts";
import { loadWebgpu } from "./webgpu.ts";

/** An engine that was tried and could not start, and why, in one line. */
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
  /** Receives one line for each engine that could not start and one for the engine that did. Default: nothing is printed. */
  log?: ((line: string) => void) | undefined;
}

const LOADERS: Record<EngineName, EngineLoader> = {
  "tensorflow-gpu": loadTensorflowGpu,
  tensorflow: loadTensorflow,
  webgpu: loadWebgpu,
  wasm: loadWasm,
  cpu: loadCpu,
};

/**
 * Starts a TF.js engine and makes it the current one (`tf.getBackend()`). `auto` takes the first that starts of native GPU,
 * native CPU and WebAssembly. May be called again, with the same or another engine; tensors stay on the engine that made
 * them until they are used.
 *
 * TF.js calls both native engines `tensorflow`, and a process holds one of their two packages. TensorFlow's own start-up
 * messages are held back by `TF_CPP_MIN_LOG_LEVEL=2` unless the variable is set; the note that its oneDNN operations are on
 * is printed before TensorFlow reads any setting, on processors that have them.
 *
 * @returns the engine that runs, with the reason for each one tried before it.
 * @throws {BackendError} `engine-unavailable` if none could start, with the reasons; `unknown-engine`; `invalid-option`.
 */
export function startEngine(choice: EngineName | "auto", options: StartOptions = {}): Promise<EngineInfo> {
  return startFirst(choice, options, LOADERS);
}

/** {@link startEngine} over the given loaders. */
export async function startFirst(
  choice: EngineName | "auto",
  { threads, log }: StartOptions,
  loaders: Record<EngineName, EngineLoader>,
): Promise<EngineInfo> {
  const parsed = parseEngineChoice(choice);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new BackendError("invalid-option", `Expected threads to be a positive integer but received ${threads}.`);
  }
  const unavailable: EngineFailure[] = [];
  for (const name of parsed === "auto" ? AUTO_ORDER : [parsed]) {
    try {
      const engine = await loaders[name]({ threads });
      log?.(`Engine ${name}: ${describe(engine)}`);
      return { ...engine, unavailable };
    } catch (error) {
      unavailable.push({ name, reason: firstLine(error) });
      log?.(`Engine ${name} cannot start: ${firstLine(error)}`);
      if (parsed !== "auto") {
        throw new BackendError("engine-unavailable", `Engine ${name} cannot start: ${firstLine(error)}`, {
          cause: error,
        });
      }
    }
  }
  const reasons = unavailable.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  throw new BackendError("engine-unavailable", `No engine can start. ${reasons}`);
}

function describe({ package: from, version, tensorflow, device, threads }: Engine): string {
  const library = tensorflow ? `, TensorFlow ${tensorflow}` : "";
  return `${from} ${version}${library}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${device}`;
}

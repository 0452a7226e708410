import { cpuName, ENGINE_NAMES, type EngineInfo, type EngineName, startEngine } from "@seg/backend";
import { isSegError } from "@seg/errors";
import type { InferenceModel } from "@seg/layers";
import { type OnnxEngine, type OnnxInferenceModel, onnxInference } from "@seg/onnx";
import { explainClassCount, loadNetwork } from "@seg/segmenter";
import type { Config } from "@seg/segmenter/config";
import { networkProof } from "@seg/segmenter/proof";
import { PipelineError } from "../errors.ts";
import { isOnnx, type ModelFiles } from "../weights/find.ts";
import { holdVariables, loadOnnxNetwork } from "./load.ts";
import { proveOnnxRuntime } from "./onnx-proof.ts";

/** What computes inference: ONNX Runtime, or an engine of TF.js's. */
export type InferenceEngineName = EngineName | "onnxruntime";

/** All of them. */
export const INFERENCE_ENGINE_NAMES: readonly InferenceEngineName[] = ["onnxruntime", ...ENGINE_NAMES];

/** The engine that runs, and those tried before it. */
export interface InferenceEngineInfo extends Omit<EngineInfo, "name" | "unavailable"> {
  name: InferenceEngineName;
  unavailable: { name: InferenceEngineName; reason: string }[];
}

/** A network on an engine. */
export interface OpenNetwork {
  engine: InferenceEngineInfo;
  network: InferenceModel & Partial<Pick<OnnxInferenceModel, "inputSize">>;
}

/** What `auto` tries to segment and score, first to last. */
export const AUTO_INFERENCE = [
  "tensorflow-gpu",
  "onnxruntime",
  "tensorflow",
  "wasm",
] as const satisfies InferenceEngineName[];

/** How {@link openNetwork} works. */
export interface OpenOptions {
  backend: InferenceEngineName | "auto";
  /** Threads of a CPU engine; one for each processor by default. */
  threads?: number | undefined;
  /** The GPU to use, by number; with `onnxruntime` the CPU computes unless one is named. */
  gpu?: number | undefined;
  log: (line: string) => void;
}

/**
 * Starts the engine that is wanted and loads the network on it. `auto` takes the first of TensorFlow on a GPU, ONNX Runtime, TensorFlow
 * on the CPU and WebAssembly that starts and passes a proof.
 *
 * @throws {BackendError} or {PipelineError} `engine-unavailable` if the engine does not start, or none does.
 * @throws {CheckpointError} for the weights, {PipelineError} `config` where they are for another number of classes; {OnnxError} for an ONNX file.
 * @throws {PipelineError} `option` if another engine than ONNX Runtime is to run an ONNX file.
 */
export async function openNetwork(config: Config, files: ModelFiles, options: OpenOptions): Promise<OpenNetwork> {
  const { backend, threads, log } = options;
  const onTensorflowJs = async (name: EngineName): Promise<OpenNetwork> => {
    if (isOnnx(files)) throw onlyOnnxRuntime(name);
    const engine = await startEngine(name, { threads, proof: networkProof(), log });
    return { engine, network: await loadNetwork(config, files) };
  };
  const open = (name: InferenceEngineName) =>
    (name === "onnxruntime" ? onOnnxRuntime(config, files, options) : onTensorflowJs(name)).catch((error) => {
      throw explainClassCount(error, config);
    });
  if (backend !== "auto") return open(backend);
  if (isOnnx(files)) return open("onnxruntime");
  const unavailable: InferenceEngineInfo["unavailable"] = [];
  for (const name of AUTO_INFERENCE) {
    try {
      const { engine, network } = await open(name);
      return { engine: { ...engine, unavailable }, network };
    } catch (error) {
      if (!isSegError(error) || !["engine-unavailable", "engine-unfit"].includes(error.code)) throw error;
      if (name === "onnxruntime") log(error.message);
      unavailable.push({ name, reason: String((error.data as { reason?: string }).reason ?? error.message) });
    }
  }
  const reasons = unavailable.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  throw new PipelineError("engine-unavailable", `No engine will do. ${reasons}`, { data: { reason: reasons } });
}

async function onOnnxRuntime(
  config: Config,
  files: ModelFiles,
  { threads, gpu, log }: OpenOptions,
): Promise<OpenNetwork> {
  const settings = { threads, ...providerOf(gpu) };
  await holdVariables();
  try {
    await proveOnnxRuntime(settings);
  } catch (error) {
    if (!isSegError(error)) throw error;
    const message = `Engine onnxruntime cannot start: ${error.message}`;
    throw new PipelineError("engine-unavailable", message, { cause: error, data: { reason: error.message } });
  }
  const network = isOnnx(files)
    ? await onnxInference(files.onnx, { ...settings, numClasses: config.DATASET.num_class })
    : await loadOnnxNetwork(config, files, settings);
  const engine = infoOf(network.engine);
  log(
    `Engine onnxruntime: ${engine.package} ${engine.version}, ${engine.threads} ${engine.threads === 1 ? "thread" : "threads"}, ${engine.device}`,
  );
  return { engine, network };
}

/** The execution provider of a GPU: CUDA, where the process sees only that one; DirectML on Windows. */
function providerOf(gpu: number | undefined): { provider?: string; device?: number } {
  if (gpu === undefined) return {};
  return process.platform === "win32" ? { provider: "dml", device: gpu } : { provider: "cuda" };
}

function infoOf({ package: from, version, provider, threads }: OnnxEngine): InferenceEngineInfo {
  const device = provider === "cpu" ? cpuName() : provider;
  return { name: "onnxruntime", package: from, version, device, threads, unavailable: [] };
}

const onlyOnnxRuntime = (backend: string) =>
  new PipelineError(
    "option",
    { expected: "backend onnxruntime for an ONNX file", received: backend, hint: "leave the backend out" },
    { data: { option: "backend", expected: "onnxruntime", received: backend } },
  );

import type { ArrayTensor, InferenceModel } from "@seg/layers";
import type { WeightSource } from "@seg/layers/inference-graph";
import * as tf from "@tensorflow/tfjs";
import type { InferenceSession, OnnxValue } from "onnxruntime-common";
import { inFiles, loadRuntime } from "#runtime";
import { badOption, OnnxError, refuseUnknown } from "../errors.ts";
import { onnxFile, onnxModel } from "../to-onnx.ts";
import { encodeApart } from "../write/encode.ts";
import { openingFailed, runningFailed } from "./failures.ts";
import { type ImageIo, ownIo, recognize } from "./recognize.ts";
import { type Runtime, threadsOf } from "./runtime.ts";

/** Where a model comes from: layers models, one or a chain; an ONNX file's path (in a page its address) or its bytes. */
export type OnnxSource = tf.LayersModel | readonly tf.LayersModel[] | string | Uint8Array;

/** Options of {@link onnxInference}. */
export interface OnnxInferenceOptions {
  /** Threads of the CPU. Default: one for each processor. */
  threads?: number | undefined;
  /** What computes: `cpu`, the default; `cuda`, `dml`, `coreml`, `webgpu`, … where the installed package offers it. */
  provider?: string | undefined;
  /** Which GPU, by number; `cuda` and `dml` only. */
  device?: number | undefined;
  /** Of layers models: which outputs of the last one are wanted. Default: all. */
  outputs?: readonly number[] | undefined;
  /** Of layers models: where weights come from. Default: the models' variables. */
  weights?: WeightSource | undefined;
  /** Called when weights have been read and are not needed any more: for who wants their memory back before the session takes its own. */
  onWeightsRead?: (() => void) | undefined;
  /** Of a file: how many channels its output must have. Default: any. */
  numClasses?: number | undefined;
}

const OPTIONS = [
  "threads",
  "provider",
  "device",
  "outputs",
  "weights",
  "onWeightsRead",
  "numClasses",
] satisfies (keyof OnnxInferenceOptions)[];

/** What an {@link OnnxInferenceModel} runs on. */
export interface OnnxEngine {
  /** `onnxruntime-node` or `onnxruntime-web`, and its version. */
  readonly package: string;
  readonly version: string;
  /** `cpu`, `cuda`, … */
  readonly provider: string;
  /** Threads of the CPU. */
  readonly threads: number;
}

/** A network on ONNX Runtime. */
export interface OnnxInferenceModel extends InferenceModel {
  readonly engine: OnnxEngine;
  /** Height and width of the images, where the model takes but one size. */
  readonly inputSize: readonly [height: number, width: number] | undefined;
  dispose(): Promise<void>;
}

/** Larger models go through files. */
const LARGE = 2 ** 25;

/**
 * Prepares models or an ONNX file for inference by ONNX Runtime: `onnxruntime-node`, or `onnxruntime-web` in a page. No TF.js engine
 * computes anything. Layers models may be disposed afterwards. While a large model is opened, a temporary file holds its weights.
 *
 * @throws {OnnxError} `runtime` if the package is missing, too old or lacks the provider; `model` for a file that is damaged, or is no
 *   network that takes one image `[batch, height, width, 3]` or `[batch, 3, height, width]`, float32, and gives scores; `option`.
 * @throws {LayersError} `model` for a layer that cannot be expressed.
 *
 * @example
 * ```ts
 * import { onnxInference } from "@seg/onnx";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const sum = tf.layers.conv2d({ inputShape: [null, null, 3], filters: 1, kernelSize: 1, kernelInitializer: "ones" });
 * const network = await onnxInference(tf.sequential({ layers: [sum] }), { threads: 1 });
 * const [scores] = await network.run({ data: new Float32Array([1, 2, 3]), shape: [1, 1, 1, 3] });
 * console.log(scores?.data.join(" "), network.engine.provider); // 6 cpu
 * await network.dispose();
 * ```
 */
export async function onnxInference(
  source: OnnxSource,
  options: OnnxInferenceOptions = {},
): Promise<OnnxInferenceModel> {
  refuseUnknown(options, OPTIONS, "an option of onnxInference");
  const { provider = "cpu", device, numClasses } = options;
  const runtime = await loadRuntime();
  const threads = threadsOf(runtime, options);
  checkOptions(options);
  const chosen = providerOf(runtime, provider);
  const { name, session } = await open(runtime, source, options, {
    executionProviders: [device === undefined ? chosen : ({ name: chosen, deviceId: device } as never)],
    intraOpNumThreads: threads,
    graphOptimizationLevel: "all",
    // Sizes differ from image to image, and each would keep a plan of its own.
    enableMemPattern: false,
    // Sums of full-range int8 products that overflow 16 bits on processors without VNNI are then computed otherwise.
    extra: { session: { x64quantprecision: "1" } },
    logSeverityLevel: 4,
  });
  let io: ImageIo;
  try {
    io = isOwn(source) ? ownIo(session) : recognize(session, name, numClasses);
  } catch (error) {
    await session.release();
    throw error;
  }
  const { version } = runtime;
  let isDisposed = false;
  return {
    engine: { package: runtime.package, version, provider: chosen, threads },
    inputSize: io.size,
    async run(x) {
      if (isDisposed) throw new OnnxError("runtime", `${name} is disposed: prepare it anew`);
      return run(runtime, session, io, x);
    },
    async dispose() {
      if (isDisposed) return;
      isDisposed = true;
      await session.release();
    },
  };
}

/** @throws {OnnxError} `option` for one of the wrong kind or out of range. */
function checkOptions({ device, numClasses, onWeightsRead }: OnnxInferenceOptions): void {
  const isWhole = (value: unknown, least: number) => Number.isInteger(value) && (value as number) >= least;
  if (device !== undefined && !isWhole(device, 0)) throw badOption("device", "device: a GPU's number, from 0", device);
  if (numClasses !== undefined && !isWhole(numClasses, 1)) {
    throw badOption("numClasses", "numClasses: a whole number of at least 1", numClasses);
  }
  if (onWeightsRead !== undefined && typeof onWeightsRead !== "function") {
    throw badOption("onWeightsRead", "a function for onWeightsRead", onWeightsRead);
  }
}

/** The runtime's name of a provider. */
function providerOf({ providers, package: name }: Runtime, provider: string): string {
  const wanted = name === "onnxruntime-web" && provider === "cpu" ? "wasm" : provider;
  if (providers.includes(wanted)) return wanted;
  throw new OnnxError(
    "runtime",
    { expected: `a provider that ${name} has here (${providers.join(", ")})`, received: provider },
    { data: { received: provider } },
  );
}

const isOwn = (source: OnnxSource): source is Exclude<OnnxSource, string | Uint8Array> =>
  !(typeof source === "string" || source instanceof Uint8Array);

interface Opened {
  /** What messages call the model. */
  name: string;
  session: InferenceSession;
}

async function open(
  runtime: Runtime,
  source: OnnxSource,
  { outputs, weights, onWeightsRead }: OnnxInferenceOptions,
  settings: InferenceSession.SessionOptions,
): Promise<Opened> {
  if (!isOwn(source)) {
    const name = typeof source === "string" ? source : "the model";
    try {
      return { name, session: await runtime.open(source, settings) };
    } catch (error) {
      throw openingFailed(name, error);
    }
  }
  const models = source instanceof tf.LayersModel ? [source] : source;
  if (!Array.isArray(models)) {
    throw badOption("source", "layers models, an ONNX file's path or its bytes", typeof source);
  }
  const unwritten = onnxModel(models, { layout: "nhwc", outputs, weights });
  const name = models.map((model) => model.name).join(" and ");
  try {
    const file = onnxFile(unwritten);
    if (file.byteLength > LARGE) {
      const parts = { ...encodeApart(unwritten, "weights"), location: "weights", onWritten: onWeightsRead };
      const session = await inFiles(parts, (path) => runtime.open(path, settings));
      if (session) return { name, session };
    }
    const bytes = file.bytes();
    onWeightsRead?.();
    return { name, session: await runtime.open(bytes, settings) };
  } catch (error) {
    throw openingFailed(name, error);
  }
}

async function run(runtime: Runtime, session: InferenceSession, io: ImageIo, x: ArrayTensor): Promise<ArrayTensor[]> {
  io.check(x);
  const feed = new runtime.Tensor("float32", ...io.feed(x));
  let results: Record<string, OnnxValue>;
  try {
    results = (await session.run({ [io.input]: feed })) as Record<string, OnnxValue>;
  } catch (error) {
    throw runningFailed(x, error);
  }
  return io.outputs.map((name) => {
    const { data, dims } = results[name]!;
    return io.give(data as Float32Array, dims, x.shape);
  });
}

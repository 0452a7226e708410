import type { ArrayTensor } from "@seg/layers";
import type { WeightSource } from "@seg/layers/inference-graph";
import type * as tf from "@tensorflow/tfjs";
import type { InferenceSession } from "onnxruntime-common";
import { loadRuntime } from "#runtime";
import { badOption, OnnxError, refuseUnknown } from "../errors.ts";
import { runningFailed } from "../inference/failures.ts";
import { checkImage } from "../inference/recognize.ts";
import { type Runtime, threadsOf } from "../inference/runtime.ts";
import { onnxFile, onnxModel } from "../to-onnx.ts";
import { planOf, watchedTensors } from "./plan.ts";
import type { Range } from "./steps.ts";
import { EXTREMES, watched } from "./watched.ts";

/** Fewer photos show too little of what a network meets. */
const LEAST_PHOTOS = 50;

/** What a network's tensors hold when it looks at photos; plain data. */
export interface Calibration {
  /** How many photos it looked at. */
  readonly photos: number;
  /** By tensors' names: their least and largest values, averaged over the photos. */
  readonly ranges: Readonly<Record<string, Range>>;
}

/** Options of {@link calibrate}. */
export interface CalibrationOptions {
  /** Which outputs of the last model are wanted. Default: all. */
  outputs?: readonly number[] | undefined;
  /** Where weights come from. Default: the models' variables. */
  weights?: WeightSource | undefined;
  /** Threads of the CPU. Default: one for each processor. */
  threads?: number | undefined;
  /** Stops between two photos. */
  signal?: AbortSignal | undefined;
  /** Called after each photo, or each batch of them. */
  onPhotos?: ((done: number) => void) | undefined;
}

const OPTIONS = ["outputs", "weights", "threads", "signal", "onPhotos"] satisfies (keyof CalibrationOptions)[];

/**
 * Finds the ranges of a network's tensors, which {@link toInt8Onnx} needs, by running it in float32 on photos: at least 50, of the kind that
 * it is made for, prepared as it takes them. They need no labels. Each tensor's least and largest values are averaged over the photos, so
 * that one with a glaring spot does not coarsen the steps of all others.
 *
 * @param models - One model, or a chain in which each takes the outputs of the one before.
 * @param photos - `[batch, height, width, channels]` of any sizes; each is asked for when the one before is done.
 * @throws {OnnxError} `option` for fewer than 50 photos; `shape` for one that the network does not take; `runtime` if `onnxruntime-node` (in
 *   a page `onnxruntime-web`) is missing; `model` if there is nothing to compute on bytes, or the network's values are not finite.
 * @throws {LayersError} `model` for a layer that cannot be expressed.
 * @throws the signal's reason.
 *
 * @example
 * ```ts
 * import { calibrate } from "@seg/onnx";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const conv = (filters: number) =>
 *   tf.layers.conv2d({ filters, kernelSize: 1, kernelInitializer: "ones", activation: "relu" });
 * const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [8, 8, 3] }), conv(1), conv(1), conv(2)] });
 * const photos = Array.from({ length: 50 }, () => ({ data: new Float32Array(192).fill(1), shape: [1, 8, 8, 3] }));
 * const { photos: seen, ranges } = await calibrate(model, photos, { threads: 1 });
 * // Each pixel becomes 1 + 1 + 1.
 * console.log(seen, Object.values(ranges)[0]); // 50 [ 3, 3 ]
 * ```
 */
export async function calibrate(
  models: tf.LayersModel | readonly tf.LayersModel[],
  photos: Iterable<ArrayTensor> | AsyncIterable<ArrayTensor>,
  options: CalibrationOptions = {},
): Promise<Calibration> {
  refuseUnknown(options, OPTIONS, "an option of calibrate");
  const { outputs, weights, signal, onPhotos } = options;
  const runtime = await loadRuntime();
  const threads = threadsOf(runtime, options);
  if (!(Symbol.iterator in Object(photos) || Symbol.asyncIterator in Object(photos)) || typeof photos === "string") {
    throw badOption("photos", "photos { data, shape }, one after the other,", photos);
  }
  const unwritten = onnxModel(models, { layout: "nhwc", outputs, weights });
  const tensors = watchedTensors(planOf(unwritten));
  const session = await runtime.open(onnxFile(watched(unwritten, tensors)).bytes(), {
    intraOpNumThreads: threads,
    enableMemPattern: false,
    logSeverityLevel: 4,
  });
  const sums = EXTREMES.map(() => new Float64Array(tensors.length));
  let count = 0;
  try {
    for await (const photo of photos) {
      signal?.throwIfAborted();
      const extremes = await extremesOf(runtime, session, photo);
      const batch = photo.shape[0]!;
      for (const [i, values] of extremes.entries()) {
        const wrong = values.findIndex((value) => !Number.isFinite(value));
        if (wrong >= 0) throw notFinite(tensors[wrong]!, values[wrong]!);
        for (const [t, value] of values.entries()) sums[i]![t]! += batch * value;
      }
      count += batch;
      onPhotos?.(count);
    }
  } finally {
    await session.release();
  }
  if (count < LEAST_PHOTOS) {
    throw badOption("photos", `at least ${LEAST_PHOTOS} photos to calibrate with`, count);
  }
  const [minima, maxima] = sums as [Float64Array, Float64Array];
  const ranges = tensors.map((tensor, t): [string, Range] => [tensor, [minima[t]! / count, maxima[t]! / count]]);
  return { photos: count, ranges: Object.fromEntries(ranges) };
}

async function extremesOf({ Tensor }: Runtime, session: InferenceSession, photo: ArrayTensor): Promise<Float32Array[]> {
  const [input] = session.inputMetadata;
  checkImage(photo, input?.isTensor ? input.shape : []);
  const { data, shape } = photo;
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0 || data.length === 0) {
    throw new OnnxError(
      "shape",
      {
        expected: "photos of finite numbers",
        received: data.length === 0 ? `an empty one, [${shape}]` : `${data[wrong]}`,
      },
      { data: { received: data[wrong] } },
    );
  }
  try {
    const results = await session.run({ [input!.name]: new Tensor("float32", data, [...shape]) });
    return EXTREMES.map((name) => results[name]!.data as Float32Array);
  } catch (error) {
    throw runningFailed(photo, error);
  }
}

const notFinite = (tensor: string, value: number) =>
  new OnnxError(
    "model",
    { expected: "a network whose values are finite", but: `${tensor} holds ${value}`, hint: "check its weights" },
    { data: { received: value } },
  );

import type * as tf from "@tensorflow/tfjs";
import { badOption } from "../errors.ts";
import { type OnnxFile, type OnnxOptions, onnxFile, onnxModel } from "../to-onnx.ts";
import type { Calibration } from "./calibrate.ts";
import { planOf } from "./plan.ts";
import { quantized } from "./quantized.ts";
import { type Steps, stepsOf } from "./steps.ts";

/** Options of {@link toInt8Onnx}. */
export interface Int8Options extends Omit<OnnxOptions, "half"> {
  /**
   * Lets weights take all of their eight bits. By default those of convolutions across channels take seven: processors without VNNI
   * (before Intel's Cascade Lake and AMD's Zen 4) add products of bytes in pairs of 16 bits, which larger weights overflow, and the
   * scores would be wrong there, unless the session is made with ONNX Runtime's setting `session.x64quantprecision: "1"`, which is slower.
   * Files of either kind are as fast as each other where there is VNNI. Default false.
   */
  fullRange?: boolean | undefined;
}

/**
 * Writes models as one ONNX file whose convolutions are computed on bytes, several times as fast as in float32: weights int8, symmetric,
 * of a scale for each output channel; images between layers uint8, of one range each, which {@link calibrate} has found; biases int32.
 * `QuantizeLinear` and `DequantizeLinear` mark what is to be rounded, the form that ONNX Runtime and others take. The first convolutions and
 * those that give the scores stay in float32, as do resizing and pooling to a grid; what comes in and out is as in {@link toOnnx}'s files.
 *
 * @param models - One model, or a chain in which each takes the outputs of the one before. They are to stay as they are until the file
 *   is written.
 * @param calibration - Of these models, with the same `outputs`.
 * @throws {LayersError} `model` for a layer that cannot be expressed, by name, before anything is written.
 * @throws {OnnxError} `option`, also if the calibration is of other models; `model` if there is nothing to compute on bytes.
 *
 * @example
 * ```ts
 * import { calibrate, toInt8Onnx, toOnnx } from "@seg/onnx";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const conv = (filters: number) => tf.layers.conv2d({ filters, kernelSize: 3, padding: "same" });
 * const input = tf.layers.inputLayer({ inputShape: [8, 8, 3] });
 * const model = tf.sequential({ layers: [input, conv(64), conv(64), conv(2)] });
 * const photos = Array.from({ length: 50 }, () => ({ data: new Float32Array(192).fill(1), shape: [1, 8, 8, 3] }));
 * const file = toInt8Onnx(model, await calibrate(model, photos, { threads: 1 }));
 * // A byte in place of four for most weights.
 * console.log(file.byteLength < toOnnx(model).byteLength / 2); // true
 * ```
 */
export function toInt8Onnx(
  models: tf.LayersModel | readonly tf.LayersModel[],
  calibration: Calibration,
  { fullRange = false, ...options }: Int8Options = {},
): OnnxFile {
  if ("half" in options && options.half !== undefined) {
    throw badOption("half", "half to be left out: weights are int8 already", options.half);
  }
  if (typeof calibration?.ranges !== "object" || calibration.ranges === null) {
    throw badOption("calibration", "what calibrate gave for calibration", calibration);
  }
  if (typeof fullRange !== "boolean") throw badOption("fullRange", "fullRange: true or false", fullRange);
  const unwritten = onnxModel(models, options);
  const plan = planOf(unwritten);
  const steps = new Map<string, Steps>();
  for (const [tensor, { rangeOf, isPositive }] of plan.tensors) {
    const range = Object.hasOwn(calibration.ranges, rangeOf) ? calibration.ranges[rangeOf] : undefined;
    if (!range?.every(Number.isFinite)) throw ofOthers(rangeOf, range);
    steps.set(tensor, stepsOf(isPositive ? [0, range[1]] : range));
  }
  return onnxFile(quantized(unwritten, plan, steps, fullRange));
}

const ofOthers = (tensor: string, range: unknown) =>
  badOption("calibration", `calibration of these models, with a range of ${tensor},`, range ?? "none");

import { inferenceGraph, type WeightSource } from "@seg/layers/inference-graph";
import type * as tf from "@tensorflow/tfjs";
import { badOption, refuseUnknown } from "./errors.ts";
import { TensorProto_DataType, type ValueInfoProto } from "./proto/onnx_pb.ts";
import { encode, encodedLength, type Unwritten } from "./write/encode.ts";
import { formOf, type ImageInput, type OutputKind, type OutputSize } from "./write/form.ts";
import { halved } from "./write/half.ts";
import { unwrittenModel } from "./write/model.ts";
import type { Layout } from "./write/tensors.ts";

/** Options of {@link toOnnx}. */
export interface OnnxOptions {
  /** The order of axes of the image, and of outputs that are images. Default `nchw`, ONNX's. */
  layout?: Layout | undefined;
  /** `float32`, the default: as the model takes it. Or RGB bytes, uint8, which the graph normalizes. */
  input?: "float32" | ImageInput | undefined;
  /** `logits`, the default; `probabilities`: their softmax; `labels`: the class of each pixel, uint8, or int32 of more than 256 classes. */
  output?: OutputKind | undefined;
  /**
   * Of what size the output is: the `network`'s own, the default of logits; the `input`'s, the default of the others; or `given` as a second
   * input `size`, int64 `[height, width]`. Scores are interpolated bilinearly, with half-pixel centres, before softmax or argmax.
   */
  size?: OutputSize | undefined;
  /** Stores weights as float16; they are computed with in float32. Default false. */
  half?: boolean | undefined;
  /** What the file says of itself: `metadata_props`. */
  metadata?: Readonly<Record<string, string>> | undefined;
  /** Which outputs of the last model are wanted. Default: all. */
  outputs?: readonly number[] | undefined;
  /** Where weights come from. Default: the models' variables. */
  weights?: WeightSource | undefined;
}

const OPTIONS = [
  "layout",
  "input",
  "output",
  "size",
  "half",
  "metadata",
  "outputs",
  "weights",
] satisfies (keyof OnnxOptions)[];

/** A tensor that a file takes or gives. */
export interface OnnxTensorInfo {
  readonly name: string;
  /** ONNX's name of the type, in lower case: `float`, `uint8`. */
  readonly dtype: string;
  /** Sizes of the axes; names where they are free. */
  readonly shape: readonly (number | string)[];
}

/** An ONNX file that is not yet in memory. */
export interface OnnxFile {
  /** Its size. */
  readonly byteLength: number;
  /** The tensors it takes and gives. */
  readonly signature: { readonly inputs: readonly OnnxTensorInfo[]; readonly outputs: readonly OnnxTensorInfo[] };
  /** Names of the tensors it takes and gives. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The file piece by piece; weights are read and converted as it goes, so that it needs no memory of its own. */
  chunks(): Iterable<Uint8Array>;
  /** The whole file in memory. */
  bytes(): Uint8Array;
}

/**
 * Writes models as one ONNX file (opset 21) for images of any size in batches of any size. Batch norms are folded, branches that no
 * output needs are left out; adaptive pooling and resizing follow the size within the graph.
 *
 * @param models - One model, or a chain in which each takes the outputs of the one before. They are to stay as they are until the file
 *   is written.
 * @throws {LayersError} `model` for a layer that cannot be expressed, by name, before anything is written.
 * @throws {OnnxError} `option`.
 *
 * @example
 * ```ts
 * import { toOnnx } from "@seg/onnx";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [null, null, 3], filters: 2, kernelSize: 1 })] });
 * const file = toOnnx(model);
 * console.log(file.bytes().length === file.byteLength); // true
 * ```
 */
export function toOnnx(models: tf.LayersModel | readonly tf.LayersModel[], options: OnnxOptions = {}): OnnxFile {
  return onnxFile(onnxModel(models, options));
}

/** A model as a file that is written when it is asked for. */
export function onnxFile(unwritten: Unwritten): OnnxFile {
  const [inputs, outputs] = [unwritten.graph.input.map(infoOf), unwritten.graph.output.map(infoOf)];
  const byteLength = encodedLength(unwritten);
  return {
    byteLength,
    signature: { inputs, outputs },
    inputs: inputs.map(({ name }) => name),
    outputs: outputs.map(({ name }) => name),
    chunks: () => encode(unwritten),
    bytes() {
      const bytes = new Uint8Array(byteLength);
      let at = 0;
      for (const chunk of encode(unwritten)) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      return bytes;
    },
  };
}

function infoOf({ name, type }: ValueInfoProto): OnnxTensorInfo {
  if (type?.value.case !== "tensorType") return { name, dtype: "undefined", shape: [] };
  const { elemType, shape } = type.value.value;
  return {
    name,
    dtype: TensorProto_DataType[elemType]!.toLowerCase(),
    shape: (shape?.dim ?? []).map(({ value }) =>
      value.case === "dimValue" ? Number(value.value) : (value.value ?? "?"),
    ),
  };
}

/** {@link toOnnx} up to the writing. */
export function onnxModel(models: tf.LayersModel | readonly tf.LayersModel[], options: OnnxOptions): Unwritten {
  refuseUnknown(options, OPTIONS, "an option of toOnnx");
  const { half = false } = options;
  if (typeof half !== "boolean") throw badOption("half", "half: true or false", half);
  const form = formOf(options);
  const graph = inferenceGraph(models, { outputs: options.outputs, weights: options.weights });
  const unwritten = unwrittenModel(graph, form);
  return half ? halved(unwritten) : unwritten;
}

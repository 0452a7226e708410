import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { InferenceGraph } from "@seg/layers/inference-graph";
import { badOption } from "../errors.ts";
import {
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  type TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../proto/onnx_pb.ts";
import { emit } from "./emit.ts";
import type { Unwritten } from "./encode.ts";
import { GraphWriter } from "./graph-writer.ts";
import { resizeTo } from "./sizes.ts";
import { type Layout, Tensors } from "./tensors.ts";

/** What ONNX Runtime 1.20 and onnxruntime-web know: opset 21 and its version of the file format. */
const OPSET = 21n;
const IR_VERSION = 10n;

/** How RGB bytes become what a network takes: (x / range − mean) / std, of the channels in this order. */
export interface ImageInput {
  /** Of each of the network's channels. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** What 255 becomes: 1, the default, or 255. */
  readonly range?: 1 | 255;
  /** The network's channels. Default `rgb`. */
  readonly channels?: "rgb" | "bgr";
}

/** What a model gives. */
export type OutputKind = "logits" | "probabilities" | "labels";

/** Of what size. */
export type OutputSize = "network" | "input" | "given";

interface Form {
  layout: Layout;
  input: "float32" | ImageInput;
  output: OutputKind;
  size: OutputSize;
  metadata: Readonly<Record<string, string>>;
}

/** Writes an inference graph as an ONNX graph with the wanted input and outputs. */
export function unwrittenModel(graph: InferenceGraph, form: Form): Unwritten {
  const writer = new GraphWriter();
  const tensors = new Tensors(writer, graph);
  const inputs = [takeImage(writer, tensors, graph, form)];
  for (const operation of graph.operations) emit(writer, tensors, operation);
  if (form.size === "given") inputs.push(valueInfo("size", DataType.INT64, [2]));
  const kinds = { logits: "scores", probabilities: "probabilities", labels: "labels" };
  const outputs = graph.outputs.map((id, i) => {
    const name = writer.unique(graph.outputs.length === 1 ? kinds[form.output] : `${kinds[form.output]}_${i}`);
    writer.begin(name);
    return give(writer, tensors, id, name, form);
  });
  return {
    model: {
      irVersion: IR_VERSION,
      producerName: "@seg/onnx",
      opsetImport: [{ domain: "", version: OPSET }],
      metadataProps: Object.entries(form.metadata).map(([key, value]) => ({ key, value })),
    },
    graph: create(GraphProtoSchema, { name: "network", node: writer.nodes, input: inputs, output: outputs }),
    initializers: writer.initializers,
  };
}

const IMAGE_AXES = ["batch", "height", "width", "channels"];

function takeImage(writer: GraphWriter, tensors: Tensors, { input }: InferenceGraph, form: Form): ValueInfoProto {
  const name = writer.unique("image");
  writer.begin(name);
  const shape = tensors.shape(input);
  if (shape.length !== 4) {
    tensors.set(input, name, "nhwc");
    return valueInfo(
      name,
      DataType.FLOAT,
      shape.map((n, axis) => n ?? (axis === 0 ? "batch" : `axis_${axis}`)),
    );
  }
  const dims = shape.map((n, axis) => n ?? IMAGE_AXES[axis]!);
  const [batch, height, width, channels] = dims as [string, string, string, string];
  const ordered = form.layout === "nhwc" ? dims : [batch, channels, height, width];
  if (form.input === "float32") {
    tensors.set(input, name, form.layout);
    return valueInfo(name, DataType.FLOAT, ordered);
  }
  tensors.set(input, normalized(writer, name, form.input, form.layout), form.layout);
  return valueInfo(name, DataType.UINT8, ordered);
}

function normalized(
  writer: GraphWriter,
  name: string,
  { mean, std, range = 1, channels = "rgb" }: ImageInput,
  layout: Layout,
) {
  if (mean?.length !== 3 || std?.length !== 3) {
    throw badOption("input", 'input: "float32" or { mean, std } of three channels each', JSON.stringify({ mean, std }));
  }
  const axis = layout === "nhwc" ? 3 : 1;
  const shape = layout === "nhwc" ? [3] : [3, 1, 1];
  const bytes = channels === "bgr" ? writer.add("Gather", [name, writer.ints([2, 1, 0])], { axis }) : name;
  const floats = writer.add("Cast", [bytes], { to: DataType.FLOAT });
  const scale = std.map((s) => range / 255 / s);
  const scaled = writer.add("Mul", [floats, writer.floats(scale, shape)]);
  return writer.add("Add", [
    scaled,
    writer.floats(
      mean.map((m, c) => -m / std[c]!),
      shape,
    ),
  ]);
}

function give(writer: GraphWriter, tensors: Tensors, id: number, name: string, form: Form): ValueInfoProto {
  const { layout, output, size } = form;
  const shape = tensors.shape(id);
  if (!tensors.isImage(id)) {
    if (output === "labels" || size !== "network") {
      if (size !== "network" && output === "logits")
        throw badOption("size", "size: network for a model that gives no image", size);
    }
    const scores = tensors.last(id);
    const axis = shape.length - 1;
    const dims = shape.map((n, i) => n ?? (i === 0 ? "batch" : `${name}_axis_${i}`));
    if (output === "labels") return labels(writer, scores, name, axis, dims);
    writer.add(output === "logits" ? "Identity" : "Softmax", [scores], output === "logits" ? {} : { axis }, name);
    return valueInfo(name, DataType.FLOAT, dims);
  }
  let scores = tensors.first(id);
  if (size !== "network") scores = resizeTo(writer, scores, size === "given" ? "size" : imageSize(writer, form));
  const batch = shape[0] ?? "batch";
  const channels = shape[3]!;
  const ofInput = size === "input" ? ["height", "width"] : [`${name}_height`, `${name}_width`];
  const [h, w] = size === "network" ? [shape[1] ?? ofInput[0]!, shape[2] ?? ofInput[1]!] : ofInput;
  if (output === "labels") return labels(writer, scores, name, 1, [batch, channels, h!, w!]);
  const values = output === "logits" ? scores : writer.add("Softmax", [scores], { axis: 1 });
  if (layout === "nhwc") {
    writer.add("Transpose", [values], { perm: [0, 2, 3, 1] }, name);
    return valueInfo(name, DataType.FLOAT, [batch, h!, w!, channels]);
  }
  writer.add("Identity", [values], {}, name);
  return valueInfo(name, DataType.FLOAT, [batch, channels, h!, w!]);
}

/** Height and width of the image that comes in, `[2]` int64. */
const imageSize = (writer: GraphWriter, { layout }: Form): string =>
  layout === "nhwc"
    ? writer.once("Shape", ["image"], { start: 1, end: 3 })
    : writer.once("Shape", ["image"], { start: 2, end: 4 });

/** The index of the largest score along an axis, of the dimensions that are left. */
function labels(
  writer: GraphWriter,
  scores: string,
  name: string,
  axis: number,
  dims: readonly (string | number)[],
): ValueInfoProto {
  const classes = dims[axis];
  const type = typeof classes === "number" && classes <= 256 ? DataType.UINT8 : DataType.INT32;
  writer.add("Cast", [writer.add("ArgMax", [scores], { axis, keepdims: 0 })], { to: type }, name);
  return valueInfo(
    name,
    type,
    dims.filter((_, i) => i !== axis),
  );
}

const valueInfo = (name: string, elemType: DataType, dims: readonly (string | number)[]): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType,
          shape: {
            dim: dims.map(
              (dim): MessageInitShape<typeof TensorShapeProto_DimensionSchema> => ({
                value:
                  typeof dim === "number" ? { case: "dimValue", value: BigInt(dim) } : { case: "dimParam", value: dim },
              }),
            ),
          },
        },
      },
    },
  });

import { badOption } from "../errors.ts";
import { TensorProto_DataType as DataType, type ValueInfoProto } from "../proto/onnx_pb.ts";
import type { Form, ImageInput } from "./form.ts";
import type { GraphWriter } from "./graph-writer.ts";
import type { Layout, Tensors } from "./tensors.ts";
import { type Dimension, valueInfo } from "./value-info.ts";

/** What the file's input is called. */
export const IMAGE = "image";

const AXES = ["batch", "height", "width", "channels"];

/** The dimensions of what a model takes, an image's with the channels last. */
export const inputDims = (tensors: Tensors, id: number): Dimension[] =>
  tensors.shape(id).map((n, axis) => n ?? (axis === 0 || tensors.isImage(id) ? AXES[axis]! : `axis_${axis}`));

/** Writes what the file takes and what makes it the model's input. */
export function takeInput(writer: GraphWriter, tensors: Tensors, id: number, form: Form): ValueInfoProto {
  const { input, layout } = form;
  const name = writer.unique(IMAGE);
  writer.begin(name);
  const dims = inputDims(tensors, id);
  const [batch, height, width, channels] = dims as [Dimension, Dimension, Dimension, Dimension];
  const isFirst = tensors.isImage(id) && layout === "nchw";
  const ordered = isFirst ? [batch, channels, height, width] : dims;
  if (input !== "float32" && !(tensors.isImage(id) && channels === 3)) {
    throw badOption("input", 'input: "float32" for a model that takes no image of three channels', "bytes of RGB");
  }
  tensors.set(id, input === "float32" ? name : normalized(writer, name, input, layout), isFirst ? "nchw" : "nhwc");
  return valueInfo(name, input === "float32" ? DataType.FLOAT : DataType.UINT8, ordered);
}

/** Bytes of RGB as what the network takes: x · scale + offset. */
function normalized(
  writer: GraphWriter,
  name: string,
  { mean, std, range, channels }: Required<ImageInput>,
  layout: Layout,
): string {
  const [axis, shape] = layout === "nhwc" ? [3, [3]] : [1, [3, 1, 1]];
  const bytes = channels === "bgr" ? writer.add("Gather", [name, writer.ints([2, 1, 0])], { axis }) : name;
  const floats = writer.add("Cast", [bytes], { to: DataType.FLOAT });
  const scale = std.map((s) => range / 255 / s);
  const offset = std.map((s, c) => -mean[c]! / s);
  const scaled = writer.add("Mul", [floats, writer.floats(scale, shape)]);
  return writer.add("Add", [scaled, writer.floats(offset, shape)]);
}

import { badOption } from "../errors.ts";
import { TensorProto_DataType as DataType, type ValueInfoProto } from "../proto/onnx_pb.ts";
import type { Form, OutputSize } from "./form.ts";
import type { GraphWriter } from "./graph-writer.ts";
import { IMAGE, inputDims } from "./input.ts";
import { resizeTo } from "./sizes.ts";
import type { Layout, Tensors } from "./tensors.ts";
import { type Dimension, valueInfo } from "./value-info.ts";

/** What the input is called that holds the size of what is given. */
export const SIZE = "size";

/** Writes what makes a tensor of the model, by its number, an output called `name`; `input` is the number of what the model takes. */
export function giveOutput(
  writer: GraphWriter,
  tensors: Tensors,
  { id, name, input }: { id: number; name: string; input: number },
  form: Form,
): ValueInfoProto {
  writer.begin(name);
  const size = sizeOf(tensors, id, input, form);
  const [scores, layout] = scoresOf(writer, tensors, id, size, form);
  const [batch, ...ofInput] = inputDims(tensors, input);
  const dims = tensors.shape(id).map((length, axis): Dimension => {
    if (axis === 0) return length ?? batch!;
    const isSide = tensors.isImage(id) && axis < 3;
    if (isSide && size === "input") return ofInput[axis - 1]!;
    return (
      (size === "network" || !isSide ? length : null) ?? `${name}_${isSide ? ["height", "width"][axis - 1] : axis}`
    );
  });
  const isFirst = layout === "nchw";
  const ordered = isFirst ? [dims[0]!, dims[3]!, dims[1]!, dims[2]!] : dims;
  const axis = isFirst ? 1 : dims.length - 1;
  if (form.output === "labels") {
    const classes = ordered[axis]!;
    const type = typeof classes === "number" && classes <= 256 ? DataType.UINT8 : DataType.INT32;
    writer.add("Cast", [writer.add("ArgMax", [scores], { axis, keepdims: 0 })], { to: type }, name);
    return valueInfo(
      name,
      type,
      ordered.filter((_, i) => i !== axis),
    );
  }
  if (form.output === "logits") writer.add("Identity", [scores], {}, name);
  else writer.add("Softmax", [scores], { axis }, name);
  return valueInfo(name, DataType.FLOAT, ordered);
}

/** Of what size an output is to be. */
function sizeOf(tensors: Tensors, id: number, input: number, { size, output }: Form): OutputSize {
  const [takes, gives] = [input, id].map((tensor) => tensors.isImage(tensor));
  if (size === undefined) return output !== "logits" && takes && gives ? "input" : "network";
  if (size !== "network" && !gives) throw badOption("size", "size: network for a model that gives no image", size);
  if (size === "input" && !takes)
    throw badOption("size", "size: network or given for a model that takes no image", size);
  return size;
}

/** The scores in that size, and their layout. */
function scoresOf(
  writer: GraphWriter,
  tensors: Tensors,
  id: number,
  size: OutputSize,
  { layout, output }: Form,
): [name: string, layout: Layout] {
  if (size === "network") {
    const isFirst = tensors.isImage(id) && layout === "nchw";
    return isFirst ? [tensors.first(id), "nchw"] : [tensors.last(id), "nhwc"];
  }
  const [start, end] = layout === "nhwc" ? [1, 3] : [2, 4];
  const wanted = size === "given" ? SIZE : writer.once("Shape", [IMAGE], { start, end });
  const resized = resizeTo(writer, tensors.first(id), wanted);
  // Labels have no channels whose place could matter.
  if (layout === "nchw" || output === "labels") return [resized, "nchw"];
  return [writer.add("Transpose", [resized], { perm: [0, 2, 3, 1] }), "nhwc"];
}

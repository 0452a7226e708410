import type { Conv2DOperation, LazyArray } from "@seg/layers/inference-graph";
import { attr, type GraphDefBuilder } from "../graph-def.ts";
import { readFilter } from "../weights.ts";
import type { Context, Emitter, Fused } from "./emitter.ts";
import { vector } from "./pointwise.ts";
import { concatenated, padded, reshaped, sizesOf } from "./shapes.ts";

export const conv2d: Emitter<"conv2d"> = (operation, { graph, shapes, inputs: [x], fused }) => {
  const channels = shapes.get(operation.inputs[0]!)![3]!;
  return convolved(graph, x, channels, operation, fused);
};

/** What of an operation makes a convolution. */
export type Window = Pick<Conv2DOperation, "filter" | "bias" | "strides" | "padding" | "dilations" | "groups">;

/** A convolution; a grouped one group by group, as not every engine has them, a depthwise one at once. */
export function convolved(
  graph: GraphDefBuilder,
  image: string,
  channels: number,
  window: Window,
  fused: Fused,
): string {
  const { filter, bias, strides, padding, dilations, groups } = window;
  const attributes = {
    strides: attr.ints([1, ...strides, 1]),
    // Explicit padding is not TensorFlow.js's on every engine.
    padding: attr.string(padding === "same" ? "SAME" : "VALID"),
    dilations: attr.ints([1, ...dilations, 1]),
    data_format: attr.string("NHWC"),
  };
  const x = padding === "same" ? image : padded(graph, image, padding);
  const [outputs, inputs, height, width] = filter.shape as [number, number, number, number];
  if (groups > 1 && groups === channels) {
    const [weights] = graph.lazy("filter", [height, width, channels, outputs / channels], 1, () =>
      readFilter(filter, 1),
    );
    const added = bias && vector(graph, "bias", bias);
    return fusedWith(graph, DEPTHWISE, [x, weights!], added, fused, attributes);
  }
  const filters = graph.lazy("filter", [height, width, inputs, outputs / groups], groups, () =>
    readFilter(filter, groups),
  );
  const biases = bias && graph.lazy("bias", [outputs / groups], groups, bias.read);
  const one = (part: string, i: number) =>
    fusedWith(graph, CONV2D, [part, filters[i]!], biases?.[i], fused, attributes);
  if (groups === 1) return one(x, 0);
  const split = graph.add("Split", [graph.ints(3), x], { num_split: attr.int(groups) });
  const parts = filters.map((_, i) => one(i === 0 ? split : `${split}:${i}`, i));
  return concatenated(graph, parts, 3);
}

/** An op, and the one that adds a bias and applies a function too. */
interface Fusable {
  plain: string;
  fused: string;
}

const CONV2D: Fusable = { plain: "Conv2D", fused: "_FusedConv2D" };
const DEPTHWISE: Fusable = { plain: "DepthwiseConv2dNative", fused: "FusedDepthwiseConv2dNative" };
const MATMUL: Fusable = { plain: "MatMul", fused: "_FusedMatMul" };

function fusedWith(
  graph: GraphDefBuilder,
  op: Fusable,
  inputs: readonly string[],
  bias: string | undefined,
  fn: Fused,
  attributes: Context["graph"]["nodes"][number]["attr"],
): string {
  if (bias === undefined) {
    const y = graph.add(op.plain, inputs, attributes);
    return fn ? graph.add(fn, [y]) : y;
  }
  const fused_ops = attr.strings(fn ? ["BiasAdd", fn] : ["BiasAdd"]);
  return graph.add(op.fused, [...inputs, bias], { ...attributes, fused_ops, num_args: attr.int(1) });
}

export const dense: Emitter<"dense"> = ({ kernel, bias, inputs: [id] }, { graph, shapes, inputs: [x], fused }) => {
  const [outputs, inputs] = kernel.shape as [number, number];
  const [weights] = graph.lazy("kernel", [inputs, outputs], 1, () => transposed(kernel));
  const added = bias && vector(graph, "bias", bias);
  const attributes = { transpose_a: attr.bool(false), transpose_b: attr.bool(false) };
  const rank = shapes.get(id!)!.length;
  const rows = rank === 2 ? x : reshaped(graph, x, [-1, inputs]);
  const y = fusedWith(graph, MATMUL, [rows, weights!], added, fused, attributes);
  if (rank === 2) return y;
  return reshaped(graph, y, concatenated(graph, [sizesOf(graph, x, 0, rank - 1), graph.ints([outputs])], 0));
};

const transposed = (kernel: LazyArray) => readFilter({ ...kernel, shape: [...kernel.shape, 1, 1] }, 1);

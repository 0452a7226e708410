import { GraphModelError } from "../errors.ts";
import { attr, type GraphDefBuilder } from "../graph-def.ts";
import type { Emitter } from "./emitter.ts";
import { clipped } from "./pointwise.ts";
import { concatenated, product, reshaped, sizeAlong, sizesOf, toFloat } from "./shapes.ts";

/** Below every number of an image; infinity is not written, as engines that compute in float16 make their own of it. */
const LOWEST = -3.4028234663852886e38;

export const pool: Emitter<"pool"> = ({ kind, kernelSize, strides, padding, name }, { graph, inputs: [x] }) => {
  const window = {
    ksize: attr.ints([1, ...kernelSize, 1]),
    strides: attr.ints([1, ...strides, 1]),
    padding: attr.string(padding === "same" ? "SAME" : "VALID"),
    data_format: attr.string("NHWC"),
  };
  if (kind === "max") return graph.add("MaxPool", [padding === "same" ? x : walled(graph, x, padding)], window);
  if (padding === "same" || padding.every((n) => n === 0)) return graph.add("AvgPool", [x], window);
  throw new GraphModelError(
    "model",
    { expected: "average pooling without padding, or with TensorFlow's `same`", but: `${name} pads by ${padding}` },
    { data: { layer: name, received: padding } },
  );
};

/** An image with a border that no maximum is taken from. */
function walled(graph: GraphDefBuilder, x: string, [top, bottom, left, right]: readonly number[]): string {
  const border = [0, 0, top!, bottom!, left!, right!, 0, 0];
  if (border.every((n) => n === 0)) return x;
  return graph.add("PadV2", [x, graph.ints(border, [4, 2]), graph.parameter(LOWEST)]);
}

export const globalPool: Emitter<"globalPool"> = ({ kind }, { graph, inputs: [x] }) =>
  graph.add(kind === "max" ? "Max" : "Mean", [x, graph.ints([1, 2])], { keep_dims: attr.bool(false) });

/** Averages over cells are products with a matrix for the rows and one for the columns. */
export const adaptiveAvgPool: Emitter<"adaptiveAvgPool"> = ({ bins: [rows, columns], output }, context) => {
  const { graph, shapes, inputs } = context;
  const [x] = inputs;
  const channels = shapes.get(output)![3]!;
  if (rows === 1 && columns === 1) return graph.add("Mean", [x, graph.ints([1, 2])], { keep_dims: attr.bool(true) });
  const flatRows = reshaped(graph, x, concatenated(graph, [sizesOf(graph, x, 0, 2), graph.ints([-1])], 0));
  const pooledRows = product(graph, cells(graph, rows, sizeAlong(graph, x, 1)), flatRows);
  const images = concatenated(graph, [graph.ints([-1]), sizesOf(graph, x, 2, 4)], 0);
  const pooled = product(graph, cells(graph, columns, sizeAlong(graph, x, 2)), reshaped(graph, pooledRows, images));
  return reshaped(graph, pooled, [-1, rows, columns, channels]);
};

/**
 * `[count, size]`: for each cell its share of each pixel. Cell i has the pixels from floor(i·size/count) to before
 * ceil((i+1)·size/count): those p with (p + 1)·count > i·size and p·count < (i + 1)·size, all whole numbers.
 */
function cells(graph: GraphDefBuilder, count: number, size: string): string {
  const pixels = graph.add("Range", [graph.parameter(0), size, graph.parameter(1)], { Tidx: attr.type("DT_FLOAT") });
  const length = toFloat(graph, size);
  const bounds = (from: number) => {
    const indices = Array.from({ length: count }, (_, i) => i + from);
    return graph.add("Mul", [graph.floats(indices, [count, 1]), length]);
  };
  const begins = graph.add("Mul", [pixels, graph.floats(count)]);
  const ends = graph.add("AddV2", [begins, graph.floats(count)]);
  const after = graph.add("Sub", [ends, bounds(0)]);
  const before = graph.add("Sub", [bounds(1), begins]);
  const member = clipped(graph, graph.add("Minimum", [after, before]), 0, 1);
  const total = graph.add("Sum", [member, graph.ints([1])], { keep_dims: attr.bool(true) });
  return graph.add("RealDiv", [member, total]);
}

import type { GraphDefBuilder } from "../graph-def.ts";
import { attr } from "../graph-def.ts";
import type { Emitter } from "./emitter.ts";

const SHRINK = { shrink_axis_mask: attr.int(1) };

/** Some sizes of a tensor, int32 `[end - begin]`, known when the graph runs. */
export function sizesOf(graph: GraphDefBuilder, x: string, begin: number, end: number): string {
  return graph.add("StridedSlice", [graph.add("Shape", [x]), graph.ints([begin]), graph.ints([end]), graph.ints([1])]);
}

/** One of a tensor's sizes, int32, no dimension. */
export function sizeAlong(graph: GraphDefBuilder, x: string, axis: number): string {
  const bounds = [graph.ints([axis]), graph.ints([axis + 1]), graph.ints([1])];
  return graph.add("StridedSlice", [graph.add("Shape", [x]), ...bounds], SHRINK);
}

/** The height and width of an image, int32 `[2]`. */
export const extentOf = (graph: GraphDefBuilder, x: string): string => sizesOf(graph, x, 1, 3);

/** Tensors one behind the other. */
export const concatenated = (graph: GraphDefBuilder, parts: readonly string[], axis: number): string =>
  graph.add("ConcatV2", [...parts, graph.ints(axis)], { N: attr.int(parts.length) });

/** The same numbers in another shape; −1 follows from the rest. */
export const reshaped = (graph: GraphDefBuilder, x: string, shape: readonly number[] | string): string =>
  graph.add("Reshape", [x, typeof shape === "string" ? shape : graph.ints(shape)]);

/** Whole numbers as float32. */
export const toFloat = (graph: GraphDefBuilder, x: string): string =>
  graph.add("Cast", [x], { SrcT: attr.type("DT_INT32"), DstT: attr.type("DT_FLOAT") });

/** A matrix times each of several. */
export const product = (graph: GraphDefBuilder, a: string, b: string): string =>
  graph.add("BatchMatMulV2", [a, b], { adj_x: attr.bool(false), adj_y: attr.bool(false) });

export const reshape: Emitter<"reshape"> = ({ shape, output }, { graph, shapes, inputs: [x] }) => {
  const known = shapes.get(output)!.slice(1);
  const sizes = shape.map((size, i) => size ?? known[i] ?? -1);
  if (!sizes.includes(-1)) return reshaped(graph, x, [-1, ...sizes]);
  return reshaped(graph, x, concatenated(graph, [sizesOf(graph, x, 0, 1), graph.ints(sizes)], 0));
};

export const concat: Emitter<"concat"> = ({ axis }, { graph, inputs }) => concatenated(graph, inputs, axis);

/** Zeros around an image. */
export function padded(graph: GraphDefBuilder, x: string, [top, bottom, left, right]: readonly number[]): string {
  const zeros = [0, 0, top!, bottom!, left!, right!, 0, 0];
  return zeros.every((n) => n === 0) ? x : graph.add("Pad", [x, graph.ints(zeros, [4, 2])]);
}

export const pad: Emitter<"pad"> = ({ padding }, { graph, inputs: [x] }) => padded(graph, x, padding);

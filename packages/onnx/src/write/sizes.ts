import type { GraphWriter } from "./graph-writer.ts";

/** The axes of an image with channels first. */
export const HEIGHT = 2;
export const WIDTH = 3;

/** One dimension of a tensor, `[1]` int64. */
export const sizeOf = (writer: GraphWriter, x: string, axis: number): string =>
  writer.once("Shape", [x], { start: axis, end: axis + 1 });

/** 0, 1, … up to a size `[1]`, `[size]` int64. */
export function positions(writer: GraphWriter, size: string): string {
  const scalar = writer.once("Squeeze", [size, writer.ints([0])]);
  return writer.once("Range", [writer.ints([0], []), scalar, writer.ints([1], [])]);
}

/** The same with further axes of length one. */
export const spread = (writer: GraphWriter, x: string, axes: number[]): string =>
  writer.once("Unsqueeze", [x, writer.ints(axes)]);

export const toFloat = (writer: GraphWriter, x: string): string => writer.once("Cast", [x], { to: 1 });

/** An image `[batch, channels, …]` resized bilinearly, with half-pixel centres, to a height and width, `[2]` int64. */
export function resizeTo(writer: GraphWriter, x: string, size: string): string {
  const sizes = writer.once("Concat", [writer.once("Shape", [x], { start: 0, end: 2 }), size], { axis: 0 });
  return writer.add("Resize", [x, "", "", sizes], { mode: "linear", coordinate_transformation_mode: "half_pixel" });
}

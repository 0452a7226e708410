import { attr, type GraphDefBuilder } from "../graph-def.ts";
import type { Emitter } from "./emitter.ts";
import { extentOf } from "./shapes.ts";

/** An image resized bilinearly, with half-pixel centres, to the height and width in an int32 `[2]`. */
export const resizedTo = (graph: GraphDefBuilder, x: string, extent: string): string =>
  graph.add("ResizeBilinear", [x, extent], { align_corners: attr.bool(false), half_pixel_centers: attr.bool(true) });

export const resizeLike: Emitter<"resizeLike"> = (_, { graph, inputs: [x, like] }) =>
  resizedTo(graph, x, extentOf(graph, like!));

export const upsample: Emitter<"upsample"> = ({ factors, interpolation }, { graph, inputs: [x] }) => {
  const extent = graph.add("Mul", [extentOf(graph, x), graph.ints(factors)]);
  const op = interpolation === "nearest" ? "ResizeNearestNeighbor" : "ResizeBilinear";
  return graph.add(op, [x, extent], { align_corners: attr.bool(false), half_pixel_centers: attr.bool(false) });
};

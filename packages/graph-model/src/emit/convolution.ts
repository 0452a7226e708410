import type { Conv2DOperation } from "@seg/layers/inference-graph";
import { type Attr, attr, type GraphDefBuilder } from "../graph-def.ts";
import { readFilter } from "../weights.ts";
import type { Emitter, Fused } from "./emitter.ts";
import { CONV2D, DEPTHWISE, fusedWith } from "./fused.ts";
import { vector } from "./pointwise.ts";
import { concatenated, padded } from "./shapes.ts";

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
  const attributes = windowAttributes(strides, dilations, padding === "same");
  // Not as an attribute: not every engine takes explicit padding.
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
  const biases = bias && graph.lazy("bias", [outputs / groups], groups, () => bias.read());
  const one = (part: string, i: number) =>
    fusedWith(graph, CONV2D, [part, filters[i]!], biases?.[i], fused, attributes);
  if (groups === 1) return one(x, 0);
  const split = graph.add("Split", [graph.ints(3), x], { num_split: attr.int(groups) });
  const parts = filters.map((_, i) => one(i === 0 ? split : `${split}:${i}`, i));
  return concatenated(graph, parts, 3);
}

/** How a window moves. */
export const windowAttributes = (
  strides: readonly number[],
  dilations: readonly number[],
  isSame: boolean,
): Record<string, Attr> => ({
  strides: attr.ints([1, ...strides, 1]),
  padding: attr.string(isSame ? "SAME" : "VALID"),
  dilations: attr.ints([1, ...dilations, 1]),
  data_format: attr.string("NHWC"),
});

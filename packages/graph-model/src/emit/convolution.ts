import { type Attr, attr } from "../graph-def.ts";
import { readFilter } from "../weights.ts";
import type { Emitter } from "./emitter.ts";
import { CONV2D, DEPTHWISE, fusedWith } from "./fused.ts";
import { vector } from "./pointwise.ts";
import { concatenated, padded } from "./shapes.ts";

/** A grouped convolution goes group by group, as not every engine has them, a depthwise one at once. */
export const conv2d: Emitter<"conv2d"> = (operation, { graph, shapes, inputs: [image], fused }) => {
  const { filter, bias, strides, padding, dilations, groups } = operation;
  const attributes = windowAttributes(strides, dilations, padding === "same");
  // Not as an attribute: not every engine takes explicit padding.
  const x = padding === "same" ? image : padded(graph, image, padding);
  const channels = shapes.get(operation.inputs[0]!)![3]!;
  const [outputs, inputs, height, width] = filter.shape as [number, number, number, number];
  if (groups > 1 && groups === channels) {
    const shape = [height, width, channels, outputs / channels];
    const [weights] = graph.lazy([["filter", shape]], () => readFilter(filter, 1));
    const added = bias && vector(graph, "bias", bias);
    return fusedWith(graph, DEPTHWISE, [x, weights!], added, fused, attributes);
  }
  const each = (what: string, shape: number[], read: () => Float32Array) =>
    graph.lazy(
      Array.from({ length: groups }, () => [what, shape]),
      read,
    );
  const filters = each("filter", [height, width, inputs, outputs / groups], () => readFilter(filter, groups));
  const biases = bias && each("bias", [outputs / groups], () => bias.read());
  const one = (part: string, i: number) =>
    fusedWith(graph, CONV2D, [part, filters[i]!], biases?.[i], fused, attributes);
  if (groups === 1) return one(x, 0);
  const split = graph.add("Split", [graph.ints(3), x], { num_split: attr.int(groups) });
  const parts = filters.map((_, i) => one(i === 0 ? split : `${split}:${i}`, i));
  return concatenated(graph, parts, 3);
};

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

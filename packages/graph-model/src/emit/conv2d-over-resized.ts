import type { LazyArray } from "@seg/layers/inference-graph";
import { attr, type GraphDefBuilder } from "../graph-def.ts";
import { convolved, type Window, windowAttributes } from "./convolution.ts";
import type { Emitter } from "./emitter.ts";
import { clipped } from "./pointwise.ts";
import { resizedTo } from "./resizing.ts";
import { concatenated, extentOf, product, reshaped, sizeAlong, sizesOf, toFloat } from "./shapes.ts";

/** Up to so many cells of known number an image is multiplied at its own size; above, the matrices would grow too large. */
const MOST_CELLS = 256;

/**
 * A convolution over images that are resized to the size of the first. As both are linear, those of few cells, such as a pyramid's, are
 * multiplied by the filter's taps at their own size, and the products are interpolated to where each tap looks.
 */
export const conv2dOverResized: Emitter<"conv2dOverResized"> = (operation, { graph, shapes, inputs, fused }) => {
  const { filter, bias, padding } = operation;
  const [first] = inputs;
  const extent = extentOf(graph, first);
  let start = 0;
  const parts = inputs.map((node, i): Part => {
    const [, height = null, width = null, channels] = shapes.get(operation.inputs[i]!)!;
    const part = { node, height, width, channels: channels!, start };
    start += channels!;
    return part;
  });
  const small = parts.slice(1).filter(isSmall);
  const large = parts.filter((part, i) => i === 0 || !isSmall(part));
  const images = large.map(({ node }, i) => (i === 0 ? node : resizedTo(graph, node, extent)));
  const image = images.length === 1 ? first : concatenated(graph, images, 3);
  const [vertical, horizontal] = padding;
  const window: Window = {
    filter: small.length === 0 ? filter : ofChannels(filter, large),
    bias,
    strides: [1, 1],
    padding: [vertical, vertical, horizontal, horizontal],
    dilations: [1, 1],
    groups: 1,
  };
  const channels = large.reduce((sum, part) => sum + part.channels, 0);
  if (small.length === 0) return convolved(graph, image, channels, window, fused);
  const products = small.map((part) => multipliedSmall(graph, part, filter, padding, first));
  const y = [convolved(graph, image, channels, window, undefined), ...products].reduce((a, b) =>
    graph.add("AddV2", [a, b]),
  );
  return fused ? graph.add(fused, [y]) : y;
};

/** An image, and where its channels begin among the filter's. */
interface Part {
  node: string;
  height: number | null;
  width: number | null;
  channels: number;
  start: number;
}

/** One of known size. */
interface Small extends Part {
  height: number;
  width: number;
}

const isSmall = (part: Part): part is Small =>
  part.height !== null && part.width !== null && part.height * part.width <= MOST_CELLS;

/** What an image of few cells adds: two products with matrices of interpolation, for the rows and for the columns. */
function multipliedSmall(
  graph: GraphDefBuilder,
  part: Small,
  filter: LazyArray,
  [vertical, horizontal]: readonly [number, number],
  like: string,
): string {
  const { node, height, width, channels } = part;
  const [filters, , kernelHeight, kernelWidth] = filter.shape as [number, number, number, number];
  const attributes = windowAttributes([1, 1], [1, 1], false);
  // For each row of taps the products with its taps, side by side: [batch, height, width, kernelWidth · filters].
  const taps = graph
    .lazy("taps", [1, 1, channels, kernelWidth * filters], kernelHeight, () => readTaps(filter, part))
    .map((weights) => graph.add("Conv2D", [node, weights], attributes));
  const above = reshaped(graph, concatenated(graph, taps, 1), [
    -1,
    kernelHeight * height,
    width * kernelWidth * filters,
  ]);
  const rows = interpolation(graph, height, sizeAlong(graph, like, 1), vertical, kernelHeight, "taps");
  const tall = reshaped(graph, product(graph, rows, above), [-1, width * kernelWidth, filters]);
  const columns = interpolation(graph, width, sizeAlong(graph, like, 2), horizontal, kernelWidth, "cells");
  const wide = product(graph, columns, tall);
  const margins = [2 * vertical - kernelHeight + 1, 2 * horizontal - kernelWidth + 1];
  const extent = graph.add("AddV2", [extentOf(graph, like), graph.ints(margins)]);
  const shape = [sizesOf(graph, like, 0, 1), extent, graph.ints([filters])];
  return reshaped(graph, wide, concatenated(graph, shape, 0));
}

/**
 * What each tap of a window sees of `cells` that are resized along an axis: `[new size, kernel · cells]`. A cell weighs 1 − its distance
 * from where the tap looks, at half-pixel centres and held within the image; beyond the border lie zeros.
 *
 * @param outer - What the columns are ordered by first.
 */
function interpolation(
  graph: GraphDefBuilder,
  cells: number,
  size: string,
  margin: number,
  kernel: number,
  outer: "taps" | "cells",
): string {
  const columns = Array.from({ length: kernel * cells }, (_, i) =>
    outer === "taps" ? [Math.floor(i / cells), i % cells] : [i % kernel, Math.floor(i / kernel)],
  );
  const row = (values: number[]) => graph.floats(values, [1, columns.length]);
  const newSize = graph.add("AddV2", [size, graph.ints(2 * margin - kernel + 1)]);
  const range = [graph.parameter(0), newSize, graph.parameter(1)];
  const pixels = reshaped(graph, graph.add("Range", range, { Tidx: attr.type("DT_FLOAT") }), [-1, 1]);
  const seen = graph.add("AddV2", [pixels, row(columns.map(([tap]) => tap! - margin))]);
  const length = toFloat(graph, size);
  const scale = graph.add("RealDiv", [graph.floats(cells), length]);
  const centre = graph.add("Mul", [graph.add("AddV2", [seen, graph.floats(0.5)]), scale]);
  const source = clipped(graph, graph.add("Sub", [centre, graph.floats(0.5)]), 0, cells - 1);
  const distance = graph.add("Abs", [graph.add("Sub", [source, row(columns.map(([, cell]) => cell!))])]);
  const weight = graph.add("Relu", [graph.add("Sub", [graph.floats(1), distance])]);
  const toBorder = [graph.add("AddV2", [seen, graph.floats(1)]), graph.add("Sub", [length, seen])];
  return graph.add("Mul", [weight, clipped(graph, graph.add("Minimum", toBorder), 0, 1)]);
}

/** The filter of some of the channels. */
function ofChannels({ shape, read }: LazyArray, parts: readonly Part[]): LazyArray {
  const [filters, channels, height, width] = shape as [number, number, number, number];
  const area = height * width;
  const count = parts.reduce((sum, part) => sum + part.channels, 0);
  return {
    shape: [filters, count, height, width],
    read: () => {
      const values = read();
      const result = new Float32Array(filters * count * area);
      let at = 0;
      for (let o = 0; o < filters; o++) {
        for (const part of parts) {
          const from = (o * channels + part.start) * area;
          result.set(values.subarray(from, from + part.channels * area), at);
          at += part.channels * area;
        }
      }
      return result;
    },
  };
}

/** A filter's taps over some channels, `[kernelHeight, channels, kernelWidth, filters]`. */
function readTaps({ shape, read }: LazyArray, { start, channels }: Part): Float32Array {
  const [filters, all, height, width] = shape as [number, number, number, number];
  const values = read();
  const result = new Float32Array(filters * channels * height * width);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let c = start; c < start + channels; c++) {
      for (let x = 0; x < width; x++) {
        for (let o = 0; o < filters; o++) result[at++] = values[((o * all + c) * height + y) * width + x]!;
      }
    }
  }
  return result;
}

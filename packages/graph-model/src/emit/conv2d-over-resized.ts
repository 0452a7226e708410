import type { LazyArray } from "@seg/layers/inference-graph";
import { attr, type GraphDefBuilder } from "../graph-def.ts";
import { windowAttributes } from "./convolution.ts";
import type { Emitter } from "./emitter.ts";
import { CONV2D, fusedWith } from "./fused.ts";
import { clipped, vector } from "./pointwise.ts";
import { resizedTo } from "./resizing.ts";
import { concatenated, extentOf, padded, product, reshaped, sizeAlong, sizesOf, toFloat } from "./shapes.ts";

/** Up to so many cells of known number an image is multiplied at its own size; above, the matrices would grow too large. */
const MOST_CELLS = 256;

/**
 * A convolution over images that are resized to the size of the first. As both are linear, those of few cells, such as a pyramid's, are
 * multiplied by the filter's taps at their own size, and the products are interpolated to where each tap looks.
 */
export const conv2dOverResized: Emitter<"conv2dOverResized"> = (operation, { graph, shapes, inputs, fused }) => {
  const { filter, bias, padding } = operation;
  const [first] = inputs;
  let start = 0;
  const parts = inputs.map((node, i): Part => {
    const [, height = null, width = null, channels] = shapes.get(operation.inputs[i]!)!;
    const part = { node, height, width, channels: channels!, start };
    start += channels!;
    return part;
  });
  const small = parts.slice(1).filter(isSmall);
  const large = parts.filter((part, i) => i === 0 || !isSmall(part));
  const images = large.map(({ node }, i) => (i === 0 ? node : resizedTo(graph, node, extentOf(graph, first))));
  const image = images.length === 1 ? first : concatenated(graph, images, 3);
  const [filters, , height, width] = filter.shape as [number, number, number, number];
  const channels = large.reduce((sum, part) => sum + part.channels, 0);
  const constants: [string, number[]][] = [["filter", [height, width, channels, filters]]];
  for (const part of small) {
    for (let row = 0; row < height; row++) constants.push(["taps", [1, 1, part.channels, width * filters]]);
  }
  const [weights, ...taps] = graph.lazy(constants, () => readParts(filter, large, small));
  const added = bias && vector(graph, "bias", bias);
  const [vertical, horizontal] = padding;
  const x = padded(graph, image, [vertical, vertical, horizontal, horizontal]);
  const together = small.length === 0 ? fused : undefined;
  let y = fusedWith(graph, CONV2D, [x, weights!], added, together, WINDOW);
  for (const [i, part] of small.entries()) {
    const own = taps.slice(i * height, (i + 1) * height);
    y = graph.add("AddV2", [y, multiplied(graph, part, own, [filters, height, width], padding, first)]);
  }
  return fused && !together ? graph.add(fused, [y]) : y;
};

const WINDOW = windowAttributes([1, 1], [1, 1], false);

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
function multiplied(
  graph: GraphDefBuilder,
  { node, height, width }: Small,
  taps: readonly string[],
  [filters, kernelHeight, kernelWidth]: readonly [number, number, number],
  [vertical, horizontal]: readonly [number, number],
  like: string,
): string {
  // For each row of taps the products with its taps, side by side: [batch, height, width, kernelWidth · filters].
  const products = taps.map((weights) => graph.add("Conv2D", [node, weights], WINDOW));
  const rowsOfTaps = [-1, kernelHeight * height, width * kernelWidth * filters];
  const above = reshaped(graph, concatenated(graph, products, 1), rowsOfTaps);
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

/**
 * A filter's numbers: over the channels of large images `[height, width, channels, filters]`, then over those of each small one
 * `[height, channels, width, filters]`.
 */
function readParts(filter: LazyArray, large: readonly Part[], small: readonly Part[]): Float32Array {
  const [filters, channels, height, width] = filter.shape as [number, number, number, number];
  const values = filter.read();
  const result = new Float32Array(values.length);
  let at = 0;
  const copy = (y: number, x: number, c: number) => {
    for (let o = 0; o < filters; o++) result[at++] = values[((o * channels + c) * height + y) * width + x]!;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const { start, channels } of large) for (let c = start; c < start + channels; c++) copy(y, x, c);
    }
  }
  for (const { start, channels } of small) {
    for (let y = 0; y < height; y++) {
      for (let c = start; c < start + channels; c++) for (let x = 0; x < width; x++) copy(y, x, c);
    }
  }
  return result;
}

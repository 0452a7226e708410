import type { Conv2DOverResizedOperation, LazyArray } from "@seg/layers/inference-graph";
import type { GraphWriter } from "./graph-writer.ts";
import { HEIGHT, positions, sizeOf, spread, toFloat, WIDTH } from "./sizes.ts";
import type { Tensors } from "./tensors.ts";

/**
 * A convolution over the channels of several images, the later ones resized to the size of the first. Resizing and convolution are
 * linear, so a small image is multiplied by the filter's taps at its own size, and the products are interpolated to where each tap
 * looks: by one matrix for the rows and taps above each other, and one for the columns.
 */
export function conv2dOverResized(
  writer: GraphWriter,
  tensors: Tensors,
  { inputs, filter, bias, padding }: Conv2DOverResizedOperation,
): string {
  const [first, ...smaller] = inputs as [number, ...number[]];
  const channels = inputs.map((id) => tensors.shape(id)[3]!);
  const x = tensors.first(first);
  const [vertical, horizontal] = padding;
  const [ofFirst, ...ofSmaller] = partsOf(filter, channels) as [LazyArray, ...LazyArray[]];
  const dense = [x, writer.weight("weight", ofFirst), ...(bias ? [writer.weight("bias", bias)] : [])];
  const y = writer.add("Conv", dense, { pads: [vertical, horizontal, vertical, horizontal] });
  const [filters, , kernelHeight, kernelWidth] = filter.shape as [number, number, number, number];
  const parts = smaller.map((id, i) => {
    const z = tensors.first(id);
    const taps = writer.weight("taps", tapsOf(ofSmaller[i]!));
    const products = writer.add("Conv", [z, taps]);
    const [batch, h, w] = [0, HEIGHT, WIDTH].map((axis) => sizeOf(writer, z, axis)) as [string, string, string];
    const window = writer.ints([filters, kernelHeight, kernelWidth]);
    const apart = writer.add("Reshape", [products, writer.once("Concat", [batch, window, h, w], { axis: 0 })]);
    // Taps beside the pixels along either axis: [batch, filters, kernelHeight · h, kernelWidth · w].
    const beside = writer.add("Transpose", [apart], { perm: [0, 1, 2, 4, 3, 5] });
    const rowsAndTaps = writer.once("Mul", [h, writer.ints([kernelHeight])]);
    const shape = writer.once("Concat", [batch, writer.ints([filters]), rowsAndTaps, writer.ints([-1])], { axis: 0 });
    const grid = writer.add("Reshape", [beside, shape]);
    const rows = interpolation(writer, {
      from: h,
      to: sizeOf(writer, x, HEIGHT),
      kernel: kernelHeight,
      margin: vertical,
    });
    const columns = interpolation(writer, {
      from: w,
      to: sizeOf(writer, x, WIDTH),
      kernel: kernelWidth,
      margin: horizontal,
    });
    return { tall: writer.add("MatMul", [rows, grid]), columns };
  });
  // One product for the columns of all of them.
  const joined = (names: string[], axis: number) =>
    names.length === 1 ? names[0]! : writer.once("Concat", names, { axis });
  const tall = joined(
    parts.map((part) => part.tall),
    3,
  );
  const columns = joined(
    parts.map((part) => part.columns),
    1,
  );
  const wide = writer.add("MatMul", [tall, writer.once("Transpose", [columns], { perm: [1, 0] })]);
  return writer.add("Add", [y, wide]);
}

/** A filter in parts of so many of the input's channels each; it is read once for all of them, and let go after the last. */
function partsOf({ shape, read }: LazyArray, channels: readonly number[]): LazyArray[] {
  const [filters, all, height, width] = shape as [number, number, number, number];
  const window = height * width;
  const unread = new Set<number>();
  let values: Float32Array | undefined;
  let start = 0;
  return channels.map((count, i) => {
    const first = start;
    start += count;
    return {
      shape: [filters, count, height, width],
      read: () => {
        if (!values || !unread.has(i)) {
          values = read();
          for (const part of channels.keys()) unread.add(part);
        }
        const part = new Float32Array(filters * count * window);
        for (let o = 0; o < filters; o++) {
          const at = (o * all + first) * window;
          part.set(values.subarray(at, at + count * window), o * count * window);
        }
        unread.delete(i);
        if (unread.size === 0) values = undefined;
        return part;
      },
    };
  });
}

/** `[filters, channels, kernelHeight, kernelWidth]` as 1×1 filters, `[filters · kernelHeight · kernelWidth, channels, 1, 1]`. */
function tapsOf({ shape, read }: LazyArray): LazyArray {
  const [filters, channels, height, width] = shape as [number, number, number, number];
  const taps = height * width;
  return {
    shape: [filters * taps, channels, 1, 1],
    read: () => {
      const values = read();
      const result = new Float32Array(values.length);
      let at = 0;
      for (let o = 0; o < filters; o++) {
        for (let tap = 0; tap < taps; tap++) {
          for (let c = 0, i = o * channels * taps + tap; c < channels; c++, i += taps) result[at++] = values[i]!;
        }
      }
      return result;
    },
  };
}

interface Interpolation {
  /** Sizes before and after resizing, `[1]` int64. */
  from: string;
  to: string;
  kernel: number;
  /** Zeros on either side after resizing. */
  margin: number;
}

/**
 * What each tap of a window sees of an image that is resized along one axis, `[new size, kernel · from]`: the weight of a pixel is
 * 1 − its distance from where the tap looks, at half-pixel centres and clamped to the image; beyond the border lie zeros.
 */
function interpolation(writer: GraphWriter, { from, to, kernel, margin }: Interpolation): string {
  const one = writer.floats([1]);
  const half = writer.floats([0.5]);
  const newSize = writer.once("Add", [to, writer.ints([2 * margin - kernel + 1])]);
  const taps = Array.from({ length: kernel }, (_, tap) => tap - margin);
  const seen = writer.once("Add", [spread(writer, positions(writer, newSize), [1, 2]), writer.ints(taps, [kernel, 1])]);
  const isWithin = writer.once("And", [
    writer.once("GreaterOrEqual", [seen, writer.ints([0])]),
    writer.once("Less", [seen, to]),
  ]);
  const scale = writer.once("Div", [toFloat(writer, from), toFloat(writer, to)]);
  const centre = writer.once("Mul", [writer.once("Add", [toFloat(writer, seen), half]), scale]);
  const last = toFloat(writer, writer.once("Sub", [from, writer.ints([1])]));
  const source = writer.once("Min", [writer.once("Relu", [writer.once("Sub", [centre, half])]), last]);
  const distance = writer.once("Abs", [writer.once("Sub", [source, toFloat(writer, positions(writer, from))])]);
  const weight = writer.once("Relu", [writer.once("Sub", [one, distance])]);
  const inside = writer.once("Mul", [weight, toFloat(writer, isWithin)]);
  return writer.once("Reshape", [inside, writer.once("Concat", [newSize, writer.ints([-1])], { axis: 0 })]);
}

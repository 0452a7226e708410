import * as tf from "@tensorflow/tfjs";
import { outputSize } from "../../window-size.ts";
import type { Conv2DAttrs, Pair } from "../names.ts";

/** Attributes of TensorFlow's ops for windows that see only what lies in the image, or zeros `padding` wide around it. */
export const windowPadding = ([h, w]: Pair): Record<string, string | number[]> =>
  h === 0 && w === 0 ? { padding: "VALID" } : { padding: "EXPLICIT", explicit_paddings: [0, 0, h, h, w, w, 0, 0] };

/** How TensorFlow's convolution ops are told of a window. */
export interface Window {
  attrs: Record<string, string | number[]>;
  /** What the image must be padded by before such an op runs. */
  margin: Pair;
}

/**
 * Symmetric padding in TensorFlow's words. SAME equals it at stride 1, whatever the dilation; EXPLICIT is refused together with
 * dilation or groups, so there the image is padded first.
 */
export function convWindow(kernel: Pair, { strides, padding, dilations, groups }: Conv2DAttrs): Window {
  const same = kernel.every((k, i) => strides[i] === 1 && 2 * padding[i]! === dilations[i]! * (k - 1));
  const plain = groups === 1 && dilations[0] === 1 && dilations[1] === 1;
  const attrs = { data_format: "NHWC", strides: [1, ...strides, 1], dilations: [1, ...dilations, 1] };
  if (same) return { attrs: { ...attrs, padding: "SAME" }, margin: [0, 0] };
  if (plain) return { attrs: { ...attrs, ...windowPadding(padding) }, margin: [0, 0] };
  return { attrs: { ...attrs, padding: "VALID" }, margin: padding };
}

/** The image with zeros around it. */
export const padded = (x: tf.Tensor4D, [h, w]: Pair): tf.Tensor4D =>
  h === 0 && w === 0
    ? x
    : tf.pad(x, [
        [0, 0],
        [h, h],
        [w, w],
        [0, 0],
      ]);

/** Its shape. */
export const paddedShape = ([n, height, width, channels]: number[], [h, w]: Pair) => [
  n!,
  height! + 2 * h,
  width! + 2 * w,
  channels!,
];

/** A filter's height and width. */
export const kernelOf = (filterShape: number[]): Pair => [filterShape[0]!, filterShape[1]!];

/** The same convolution without dilations that make no difference: a filter one tap wide has no distance between taps. */
export const simplified = (attrs: Conv2DAttrs, [kh, kw]: Pair): Conv2DAttrs => ({
  ...attrs,
  dilations: [kh === 1 ? 1 : attrs.dilations[0], kw === 1 ? 1 : attrs.dilations[1]],
});

/** The shape of a convolution's output. */
export function convShape(
  shape: number[],
  filterShape: number[],
  attrs: Conv2DAttrs,
): [number, number, number, number] {
  const { strides, padding, dilations } = attrs;
  const size = (i: 0 | 1) => outputSize(shape[i + 1]!, filterShape[i]!, strides[i], padding[i], dilations[i]);
  return [shape[0]!, size(0), size(1), filterShape[3]!];
}

/** Whether a convolution looks at single pixels: a matrix product. */
export const isPointwise = ([height, width]: number[], { strides, padding, groups }: Conv2DAttrs) =>
  groups === 1 && [height, width, ...strides].every((n) => n === 1) && padding[0] === 0 && padding[1] === 0;

/** Whether each channel sees only itself. */
export const isDepthwise = ([, , inPerGroup, out]: number[], groups: number) =>
  groups > 1 && inPerGroup === 1 && out === groups;

export const isDilated = ({ dilations }: Conv2DAttrs) => dilations[0] > 1 || dilations[1] > 1;

export const isStrided = ({ strides }: Conv2DAttrs) => strides[0] > 1 || strides[1] > 1;

/** A depthwise filter [kh, kw, 1, C] in TensorFlow's order [kh, kw, C, 1], which is the same memory. */
export const depthwiseFilter = (filter: tf.Tensor4D) =>
  filter.reshape([filter.shape[0], filter.shape[1], filter.shape[3], 1]) as tf.Tensor4D;

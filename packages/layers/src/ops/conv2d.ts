import * as tf from "@tensorflow/tfjs";
import { badOption, LayersError, refuseUnknown } from "../errors.ts";
import { Conv2D, type Conv2DAttrs, type Pair } from "../kernels/names.ts";
import { outputSize } from "../window-size.ts";
import { pair } from "./pair.ts";

/** Options of {@link conv2d}; one number stands for both height and width. */
export interface Conv2DOptions {
  /** Step of the window, positive. Default 1. */
  strides?: number | Pair;
  /** Zeros on either side, as PyTorch pads. Default 0. */
  padding?: number | Pair;
  /** Distance between the filter's taps, positive. Default 1. */
  dilations?: number | Pair;
  /** Groups of channels that see only each other; as many as channels is a depthwise convolution. Default 1. */
  groups?: number;
}

/**
 * 2-D convolution with any stride, symmetric zero padding, dilation and groups, and its gradients on every engine.
 *
 * @param x - `[batch, height, width, inChannels]`, float32.
 * @param filter - `[kernelHeight, kernelWidth, inChannels / groups, outChannels]`, float32.
 * @returns `[batch, newHeight, newWidth, outChannels]`, newHeight = floor((height + 2·padding − dilation·(kernelHeight − 1) − 1) / stride) + 1; the caller disposes it.
 * @throws {LayersError} if channels and groups do not fit, or the window is larger than the padded image.
 * @see PyTorch's `torch.nn.functional.conv2d`.
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2DOptions = {}): tf.Tensor4D {
  refuseUnknown(options, ["strides", "padding", "dilations", "groups"], "an option of conv2d");
  const attrs: Conv2DAttrs = {
    strides: pair("strides", options.strides ?? 1, 1),
    padding: pair("padding", options.padding ?? 0, 0),
    dilations: pair("dilations", options.dilations ?? 1, 1),
    groups: options.groups ?? 1,
  };
  checkConv2d(x, filter, attrs);
  return tf.engine().runKernel(Conv2D, { x, filter }, attrs) as tf.Tensor4D;
}

/** @throws {LayersError} as {@link conv2d} does. */
export function checkConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, attrs: Conv2DAttrs): void {
  if (!(Number.isInteger(attrs.groups) && attrs.groups > 0)) {
    const line = { expected: "groups: a whole number ≥ 1", received: `${attrs.groups}` };
    throw badOption("groups", attrs.groups, line);
  }
  if (x.rank !== 4 || filter.rank !== 4) {
    throw new LayersError(
      "shape",
      { expected: "an image and a filter of rank 4", received: `[${x.shape}] and [${filter.shape}]` },
      { data: { expected: 4, received: x.rank === 4 ? filter.shape : x.shape } },
    );
  }
  const [kh, kw, inPerGroup, out] = filter.shape;
  const channels = x.shape[3];
  if (inPerGroup * attrs.groups !== channels || out % attrs.groups !== 0) {
    throw new LayersError(
      "shape",
      {
        expected: `a filter [kh, kw, ${channels / attrs.groups}, multiple of ${attrs.groups}] for ${channels} channels in ${attrs.groups} groups`,
        received: `[${filter.shape}]`,
      },
      { data: { expected: [kh, kw, channels / attrs.groups, out], received: filter.shape } },
    );
  }
  for (const [i, k] of [kh, kw].entries()) {
    const size = outputSize(x.shape[i + 1]!, k, attrs.strides[i]!, attrs.padding[i]!, attrs.dilations[i]!);
    if (size < 1) {
      throw new LayersError(
        "shape",
        {
          expected: `an image that holds the ${kh}×${kw} window (dilation ${attrs.dilations}, padding ${attrs.padding})`,
          received: `${x.shape[1]}×${x.shape[2]}`,
          hint: "use a larger image or more padding",
        },
        { data: { expected: [kh, kw], received: x.shape } },
      );
    }
  }
}

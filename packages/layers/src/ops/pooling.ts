import * as tf from "@tensorflow/tfjs";
import { badOption, LayersError, refuseUnknown } from "../errors.ts";
import { AdaptiveAvgPool2D, MaxPool2D, type Pair } from "../kernels/names.ts";
import { outputSize } from "../window-size.ts";
import { pair } from "./pair.ts";

/**
 * Adaptive average pooling to a fixed number of cells, PyTorch's rule: cell i averages rows floor(i·H/bins) to ceil((i+1)·H/bins).
 *
 * @param x - `[batch, height, width, channels]`, float32.
 * @param bins - Cells in height and width, positive.
 * @returns `[batch, bins, bins, channels]`; the caller disposes it.
 * @throws {LayersError} if `bins` is not of positive whole numbers.
 * @see Zhao et al., Pyramid Scene Parsing Network, CVPR 2017, section 3.2.
 */
export function adaptiveAvgPool2d(x: tf.Tensor4D, bins: number | Pair): tf.Tensor4D {
  checkRank(x);
  return tf.engine().runKernel(AdaptiveAvgPool2D, { x }, { bins: pair("bins", bins, 1) }) as tf.Tensor4D;
}

function checkRank(x: tf.Tensor): void {
  if (x.rank === 4) return;
  throw new LayersError(
    "shape",
    { expected: "an image [batch, height, width, channels]", received: `[${x.shape}]` },
    { data: { expected: 4, received: x.shape } },
  );
}

/** Options of {@link maxPool2d}. */
export interface MaxPool2DOptions {
  /** Height and width of the window, positive. */
  kernelSize: number | Pair;
  /** Step of the window. Default: the window's size. */
  strides?: number | Pair;
  /** Border on either side that never wins, at most half the window. Default 0. */
  padding?: number | Pair;
}

/** The options as pairs. */
export function maxPoolWindow({ kernelSize, strides = kernelSize, padding = 0 }: MaxPool2DOptions) {
  const window = {
    kernelSize: pair("kernelSize", kernelSize, 1),
    strides: pair("strides", strides, 1),
    padding: pair("padding", padding, 0),
  };
  if (window.padding.some((n, i) => 2 * n > window.kernelSize[i]!)) {
    throw badOption("padding", padding, {
      expected: `padding of at most half the window ${window.kernelSize}`,
      received: `${padding}`,
    });
  }
  return window;
}

/**
 * Max pooling with symmetric padding; the gradient goes to the first largest pixel of each window.
 *
 * @param x - `[batch, height, width, channels]`, float32.
 * @returns `[batch, newHeight, newWidth, channels]`, sizes as of `conv2d`; the caller disposes it.
 * @throws {LayersError} if the padding is more than half the window, or the window is larger than the padded image.
 */
export function maxPool2d(x: tf.Tensor4D, options: MaxPool2DOptions): tf.Tensor4D {
  refuseUnknown(options, ["kernelSize", "strides", "padding"], "an option of maxPool2d");
  checkRank(x);
  const { kernelSize, strides, padding } = maxPoolWindow(options);
  for (const [i, k] of kernelSize.entries()) {
    if (outputSize(x.shape[i + 1]!, k, strides[i]!, padding[i]!, 1) < 1) {
      throw new LayersError(
        "shape",
        { expected: `an image that holds the ${kernelSize.join("×")} window`, received: `${x.shape[1]}×${x.shape[2]}` },
        { data: { expected: kernelSize, received: x.shape } },
      );
    }
  }
  return tf.engine().runKernel(MaxPool2D, { x }, { kernelSize, strides, padding }) as tf.Tensor4D;
}

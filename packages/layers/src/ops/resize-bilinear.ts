import * as tf from "@tensorflow/tfjs";
import { type Pair, ResizeBilinear } from "../kernels/names.ts";
import { pair } from "./pair.ts";

/**
 * Bilinear resizing with half-pixel centres and a right gradient, PyTorch's `interpolate(mode="bilinear", align_corners=False)`.
 *
 * @param x - `[batch, height, width, channels]`, float32.
 * @param size - New height and width, positive.
 * @returns `[batch, ...size, channels]`; the caller disposes it.
 * @throws {LayersError} if the size is not of positive whole numbers.
 */
export function resizeBilinear(x: tf.Tensor4D, size: Pair): tf.Tensor4D {
  return tf.engine().runKernel(ResizeBilinear, { x }, { size: pair("size", size, 1) }) as tf.Tensor4D;
}

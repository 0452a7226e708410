import * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";
import { InterpolatedConv2D, type Pair } from "../kernels/names.ts";
import { conv2d } from "./conv2d.ts";
import { pair } from "./pair.ts";
import { resizeBilinear } from "./resize-bilinear.ts";

/**
 * Convolution over the channels of several images, each first resized (bilinearly, half-pixel centres) to the size of the
 * first: `conv2d(concat([x0, resize(x1), …]), filter)` at stride 1, without building the concatenation.
 *
 * Resizing and convolution are both linear, so a small image is multiplied by the filter's taps at its own size, and the
 * products are interpolated to where each tap looks. For a pyramid's few cells this replaces nearly all of the multiplications.
 *
 * @param xs - `[batch, h_i, w_i, channels_i]` each, float32, all of one batch.
 * @param filter - `[kernelHeight, kernelWidth, Σ channels_i, outChannels]`, float32.
 * @param padding - Zeros on either side of the resized images. Default 0.
 * @returns `[batch, newHeight, newWidth, outChannels]` as of `conv2d`; the caller disposes it.
 * @throws {LayersError} if the filter's channels are not those of the images together.
 */
export function conv2dOverResized(xs: tf.Tensor4D[], filter: tf.Tensor4D, padding: number | Pair = 0): tf.Tensor4D {
  const margin = pair("padding", padding, 0);
  const first = xs[0]!;
  const channels = xs.reduce((sum, x) => sum + x.shape[3], 0);
  if (channels !== filter.shape[2]) {
    throw new LayersError(
      "shape",
      { expected: `a filter for ${channels} channels`, received: `[${filter.shape}]` },
      { data: { expected: channels, received: filter.shape } },
    );
  }
  if (xs.some(({ shape }) => shape.length !== 4 || shape[0] !== first.shape[0])) {
    const shapes = xs.map(({ shape }) => `[${shape}]`).join(", ");
    throw new LayersError(
      "shape",
      { expected: "images of rank 4 and of one batch size", received: shapes },
      { data: { received: xs.map(({ shape }) => shape) } },
    );
  }
  const size: Pair = [first.shape[1], first.shape[2]];
  return tf.tidy(() => {
    const channelsOf = xs.map(({ shape }) => shape[3]);
    const parts = xs.length === 1 ? [filter] : tf.split(filter, channelsOf, 2);
    const pays = xs.map((x, i) => x !== first && interpolationPays(x.shape, size, parts[i]!.shape));
    // Images that cost more interpolated than resized are convolved together.
    const dense = xs.filter((_, i) => !pays[i]);
    const resized = dense.map((x) => (x.shape[1] === size[0] && x.shape[2] === size[1] ? x : resizeBilinear(x, size)));
    const denseFilters = parts.filter((_, i) => !pays[i]);
    const together = resized.length === 1 ? first : tf.concat(resized, 3);
    const togetherFilter = denseFilters.length === 1 ? denseFilters[0]! : tf.concat(denseFilters, 2);
    let y = conv2d(together as tf.Tensor4D, togetherFilter as tf.Tensor4D, { padding: margin });
    xs.forEach((x, i) => {
      if (!pays[i]) return;
      const inputs = { x, filter: parts[i]!, onto: y };
      y = tf.engine().runKernel(InterpolatedConv2D, inputs, { size, padding: margin }) as tf.Tensor4D;
    });
    return y;
  });
}

/** Whether multiplying at the small size and interpolating needs fewer multiplications than the resized convolution. */
function interpolationPays(small: number[], [height, width]: Pair, filter: number[]): boolean {
  const [, h, w, channels] = small as [number, number, number, number];
  const [kh, kw] = filter as [number, number];
  const resized = height * width * channels * kh * kw;
  const interpolated = h * w * channels * kh * kw + height * (h * kh) * (w * kw) + height * width * (w * kw);
  return interpolated < resized;
}

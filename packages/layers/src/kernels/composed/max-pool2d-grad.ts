import * as tf from "@tensorflow/tfjs";
import { MaxPool2DGrad, type Pool2DAttrs } from "../names.ts";
import { padOrCrop, spread } from "../rearrange.ts";
import { composedKernel } from "./kernel.ts";
import { padForMax } from "./max-pool2d.ts";
import { tapsOf, tapView } from "./taps.ts";

/** Each window's gradient goes to its first largest pixel, in row order, as PyTorch and TensorFlow do. */
function maxPoolGrad(x: tf.Tensor4D, y: tf.Tensor4D, dy: tf.Tensor4D, attrs: Pool2DAttrs): tf.Tensor {
  const { kernelSize, strides, padding } = attrs;
  const padded = padForMax(x, padding);
  const [, height, width] = padded.shape;
  let free: tf.Tensor = tf.onesLike(y);
  let total: tf.Tensor4D | undefined;
  for (const { row, column } of tapsOf(kernelSize)) {
    const [nextFree, nextTotal] = tf.tidy(() => {
      const hit = tapView(padded, [row, column], strides, y.shape).equal(y).toFloat().mul(free);
      const given = spread(hit.mul(dy), strides);
      const placed = padOrCrop(given, [row, height - row - given.shape[1]], [column, width - column - given.shape[2]]);
      return [free.sub(hit), total ? total.add<tf.Tensor4D>(placed) : placed] as const;
    }) as unknown as [tf.Tensor, tf.Tensor4D];
    free.dispose();
    total?.dispose();
    free = nextFree;
    total = nextTotal;
  }
  return padOrCrop(total!, [-padding[0], -padding[0]], [-padding[1], -padding[1]]);
}

export const maxPool2dGradConfig = composedKernel(MaxPool2DGrad, ({ x, y, dy }, attrs) =>
  maxPoolGrad(x!, y!, dy!, attrs as Pool2DAttrs),
);

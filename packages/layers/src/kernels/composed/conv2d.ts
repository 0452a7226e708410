import * as tf from "@tensorflow/tfjs";
import { type ActivationName, Conv2D, type Conv2DAttrs } from "../names.ts";
import { activate } from "./activation.ts";
import { composedKernel } from "./kernel.ts";
import { runStock, stockConvAttrs } from "./stock.ts";

/** The convolution of `x`, with a bias and an activation in the same pass where they are given. */
export function conv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attrs: Conv2DAttrs,
  bias?: tf.Tensor,
  activation?: ActivationName,
): tf.Tensor4D {
  const [kh, kw, inPerGroup, out] = filter.shape;
  const stock = stockConvAttrs(attrs);
  const fused = bias ? { bias } : undefined;
  if (attrs.groups === 1) {
    return fused
      ? runStock("FusedConv2D", { x, filter, ...fused }, { ...stock, activation: activation ?? "linear" })
      : runStock("Conv2D", { x, filter }, stock);
  }
  if (inPerGroup === 1 && out === attrs.groups) {
    const { strides, dilations } = attrs;
    if (Math.max(...strides) > 1 && Math.max(...dilations) > 1) {
      // Plain JavaScript's depthwise kernel refuses both at once.
      const every = conv2d(x, filter, { ...attrs, strides: [1, 1] }, bias, activation);
      return tf.stridedSlice(every, [0, 0, 0, 0], every.shape, [1, ...strides, 1]) as tf.Tensor4D;
    }
    const depthwise = { x, filter: filter.reshape([kh, kw, out, 1]) };
    return fused
      ? runStock("FusedDepthwiseConv2D", { ...depthwise, ...fused }, { ...stock, activation: activation ?? "linear" })
      : runStock("DepthwiseConv2dNative", depthwise, stock);
  }
  const xs = tf.split(x, attrs.groups, 3);
  const filters = tf.split(filter, attrs.groups, 3);
  const y = tf.concat(
    xs.map((part, i) => runStock("Conv2D", { x: part, filter: filters[i]! }, stock)),
    3,
  );
  if (!bias) return y;
  const biased = y.add<tf.Tensor4D>(bias);
  return activation ? activate(biased, activation) : biased;
}

export const conv2dConfig = composedKernel(Conv2D, ({ x, filter }, attrs) => conv2d(x!, filter!, attrs as Conv2DAttrs));

import * as tf from "@tensorflow/tfjs";
import { product } from "../../products.ts";
import { type Conv2DAttrs, Conv2DBackpropFilter } from "../names.ts";
import { padOrCrop } from "../rearrange.ts";
import { composedKernel } from "./kernel.ts";
import { tapsOf, tapView } from "./taps.ts";

/** The filter's gradient: for each tap, the product of the pixels it sees with dy. */
function conv2dBackpropFilter(x: tf.Tensor4D, dy: tf.Tensor4D, attrs: Conv2DAttrs, filterShape: number[]) {
  const { strides, padding, dilations, groups } = attrs;
  const [kh, kw, inPerGroup, out] = filterShape as [number, number, number, number];
  const [n, oh, ow] = dy.shape;
  const pixels = n * oh * ow;
  const padded = padOrCrop(x, [padding[0], padding[0]], [padding[1], padding[1]]);
  const depthwise = inPerGroup === 1 && out === groups;
  const flat = dy.reshape([pixels, out]) as tf.Tensor2D;
  const grouped = groups === 1 || depthwise ? undefined : tf.transpose(flat.reshape([pixels, groups, -1]), [1, 0, 2]);
  const taps = tapsOf([kh, kw]).map(({ row, column }) =>
    tf.tidy(() => {
      const seen = tapView(padded, [row * dilations[0], column * dilations[1]], strides, dy.shape);
      if (depthwise) return seen.mul(dy).sum([0, 1, 2]).reshape([1, out]);
      if (!grouped) return product(seen.reshape([pixels, inPerGroup]), flat, true);
      const byGroup = tf.transpose(seen.reshape([pixels, groups, inPerGroup]), [1, 2, 0]);
      return tf.matMul(byGroup, grouped).transpose([1, 0, 2]).reshape([inPerGroup, out]);
    }),
  );
  return tf.stack(taps).reshape(filterShape);
}

export const conv2dBackpropFilterConfig = composedKernel(Conv2DBackpropFilter, ({ x, dy }, attrs) =>
  conv2dBackpropFilter(x!, dy!, attrs as Conv2DAttrs, attrs.filterShape as number[]),
);

import * as tf from "@tensorflow/tfjs";
import { multiplyEach, product } from "../../products.ts";
import { asTensor } from "../../separable.ts";
import { InterpolatedConv2D, type InterpolatedConv2DAttrs } from "../names.ts";
import { interpolationPlan, tapsByRow } from "./interpolation-plan.ts";
import { composedKernel } from "./kernel.ts";

/**
 * Convolution of an image resized bilinearly, without resizing it: products of the small image with the filter's taps are
 * interpolated to where each tap looks, and added onto `onto`, `[batch, newHeight, newWidth, out]`.
 */
function interpolatedConv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  onto: tf.Tensor,
  attrs: InterpolatedConv2DAttrs,
): tf.Tensor {
  const [batch, h, w, channels] = x.shape;
  const [, kw, , out] = filter.shape;
  const { rows, columns } = interpolationPlan(x.shape, filter.shape, attrs);
  const pixels = x.reshape([batch * h * w, channels]) as tf.Tensor2D;
  const tall = tf.addN(
    tapsByRow(filter).map((taps, i) => {
      const products = product(pixels, taps).reshape([batch, h, w * kw * out]) as tf.Tensor3D;
      return multiplyEach(asTensor(rows[i]!), products);
    }),
  );
  const newHeight = rows[0]!.rows;
  const wide = multiplyEach(asTensor(columns), tall.reshape([batch * newHeight, w * kw, out]));
  return wide.reshape([batch, newHeight, columns.rows, out]).add(onto);
}

export const interpolatedConv2dConfig = composedKernel(InterpolatedConv2D, ({ x, filter, onto }, attrs) =>
  interpolatedConv2d(x!, filter!, onto!, attrs as InterpolatedConv2DAttrs),
);

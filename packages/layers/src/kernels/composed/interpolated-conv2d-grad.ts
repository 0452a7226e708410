import * as tf from "@tensorflow/tfjs";
import { multiplyEach, product } from "../../products.ts";
import { asTensor } from "../../separable.ts";
import { type InterpolatedConv2DAttrs, InterpolatedConv2DGrad } from "../names.ts";
import { interpolationPlan, tapsByRow } from "./interpolation-plan.ts";
import { composedKernel } from "./kernel.ts";

/** The gradients of x and of the filter. */
function interpolatedConv2dGrad(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attrs: InterpolatedConv2DAttrs,
): tf.Tensor[] {
  const [batch, h, w, channels] = x.shape;
  const [kh, kw, , out] = filter.shape;
  const { rows, columns } = interpolationPlan(x.shape, filter.shape, attrs);
  const [, newHeight, newWidth] = dy.shape;
  const dTall = multiplyEach(asTensor(columns), dy.reshape([batch * newHeight, newWidth, out]), true);
  const byImage = dTall.reshape([batch, newHeight, w * kw * out]) as tf.Tensor3D;
  const pixels = x.reshape([batch * h * w, channels]) as tf.Tensor2D;
  const parts = tapsByRow(filter).map((taps, i) => {
    const dProducts = multiplyEach(asTensor(rows[i]!), byImage, true).reshape([batch * h * w, kw * out]) as tf.Tensor2D;
    return { dPixels: product(dProducts, taps, false, true), dTaps: product(pixels, dProducts, true) };
  });
  const dFilter = tf.stack(parts.map(({ dTaps }) => dTaps)).reshape([kh, channels, kw, out]);
  return [tf.addN(parts.map(({ dPixels }) => dPixels)).reshape(x.shape), tf.transpose(dFilter, [0, 2, 1, 3])];
}

export const interpolatedConv2dGradConfig = composedKernel(InterpolatedConv2DGrad, ({ dy, x, filter }, attrs) =>
  interpolatedConv2dGrad(dy!, x!, filter!, attrs as InterpolatedConv2DAttrs),
);

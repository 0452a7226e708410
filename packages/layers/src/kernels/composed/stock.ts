import * as tf from "@tensorflow/tfjs";
import type { Conv2DAttrs } from "../names.ts";

/** Runs one of TF.js's own kernels. */
export const runStock = (kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) =>
  tf.engine().runKernel(kernel, inputs, attrs) as tf.Tensor4D;

/** A convolution's attributes as TF.js's kernels take them. */
export const stockConvAttrs = ({ strides, padding: [h, w], dilations }: Conv2DAttrs) => ({
  strides,
  dilations,
  dataFormat: "NHWC",
  pad: [
    [0, 0],
    [h, h],
    [w, w],
    [0, 0],
  ],
});

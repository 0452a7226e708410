import { MaxPool2D, type Pool2DAttrs } from "../names.ts";
import { execute, nativeKernel } from "./native.ts";
import { windowPadding } from "./window.ts";

/** A pooling's attributes as TensorFlow's ops take them. */
export const poolAttrs = ({ kernelSize, strides, padding }: Pool2DAttrs) => ({
  data_format: "NHWC",
  ksize: [1, ...kernelSize, 1],
  strides: [1, ...strides, 1],
  ...windowPadding(padding),
});

export const maxPool2dConfig = nativeKernel(MaxPool2D, (backend, { x }, attrs) =>
  execute(backend, "MaxPool", poolAttrs(attrs as Pool2DAttrs), [x!]),
);

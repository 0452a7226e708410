import { MaxPool2D, MaxPool2DGrad, type Pool2DAttrs } from "../../kernel-names.ts";
import { execute, kernel } from "./engine.ts";
import { windowPadding } from "./window.ts";

const poolAttrs = ({ kernelSize, strides, padding }: Pool2DAttrs) => ({
  data_format: "NHWC",
  ksize: [1, ...kernelSize, 1],
  strides: [1, ...strides, 1],
  ...windowPadding(padding),
});

export const maxPool2dConfig = kernel(MaxPool2D, (backend, { x }, attrs) =>
  execute(backend, "MaxPool", poolAttrs(attrs as Pool2DAttrs), [x!]),
);

export const maxPool2dGradConfig = kernel(MaxPool2DGrad, (backend, { x, y, dy }, attrs) =>
  execute(backend, "MaxPoolGrad", poolAttrs(attrs as Pool2DAttrs), [x!, y!, dy!]),
);

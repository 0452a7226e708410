import { MaxPool2DGrad, type Pool2DAttrs } from "../names.ts";
import { poolAttrs } from "./max-pool2d.ts";
import { execute, nativeKernel } from "./native.ts";

export const maxPool2dGradConfig = nativeKernel(MaxPool2DGrad, (backend, { x, y, dy }, attrs) =>
  execute(backend, "MaxPoolGrad", poolAttrs(attrs as Pool2DAttrs), [x!, y!, dy!]),
);

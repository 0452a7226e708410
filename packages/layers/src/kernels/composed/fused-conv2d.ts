import { type ActivationName, type Conv2DAttrs, FusedConv2D } from "../names.ts";
import { conv2d } from "./conv2d.ts";
import { composedKernel } from "./kernel.ts";

export const fusedConv2dConfig = composedKernel(FusedConv2D, ({ x, filter, bias }, attrs) =>
  conv2d(x!, filter!, attrs as Conv2DAttrs, bias, (attrs.activation || undefined) as ActivationName | undefined),
);

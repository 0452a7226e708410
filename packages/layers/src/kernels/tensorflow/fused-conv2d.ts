import { type ActivationName, type Conv2DAttrs, FusedConv2D } from "../names.ts";
import { activationOp } from "./activation.ts";
import { conv2d } from "./conv2d.ts";
import { execute, nativeKernel } from "./native.ts";

export const fusedConv2dConfig = nativeKernel(FusedConv2D, (backend, { x, filter, bias }, attrs) => {
  const y = conv2d(backend, x!, filter!, attrs as Conv2DAttrs);
  const biased = execute(backend, "BiasAdd", { data_format: "NHWC" }, [y, bias!]);
  y.dispose();
  if (!attrs.activation) return biased;
  const activated = execute(backend, activationOp[attrs.activation as ActivationName], {}, [biased]);
  biased.dispose();
  return activated;
});

import { ActivationGrad, type ActivationName } from "../names.ts";
import { activationOp } from "./activation.ts";
import { execute, nativeKernel } from "./native.ts";

export const activationGradConfig = nativeKernel(ActivationGrad, (backend, { dy, y }, attrs) =>
  // Both ops test 0 < y (and y < 6), which holds for the output where it holds for the input.
  execute(backend, `${activationOp[attrs.activation as ActivationName]}Grad`, {}, [dy!, y!]),
);

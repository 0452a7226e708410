import { Activation, ActivationGrad, type ActivationName } from "../../kernel-names.ts";
import { execute, kernel } from "./engine.ts";

export const activationOp: Record<ActivationName, string> = { relu: "Relu", relu6: "Relu6" };

export const activationConfig = kernel(Activation, (backend, { x }, attrs) =>
  execute(backend, activationOp[attrs.activation as ActivationName], {}, [x!]),
);

export const activationGradConfig = kernel(ActivationGrad, (backend, { dy, y }, attrs) =>
  // Both ops test 0 < y (and y < 6), which holds for the output where it holds for the input.
  execute(backend, `${activationOp[attrs.activation as ActivationName]}Grad`, {}, [dy!, y!]),
);

import { Activation, type ActivationName } from "../names.ts";
import { execute, nativeKernel } from "./native.ts";

/** TensorFlow's op of an activation; its gradient's ends in `Grad`. */
export const activationOp: Record<ActivationName, string> = { relu: "Relu", relu6: "Relu6" };

export const activationConfig = nativeKernel(Activation, (backend, { x }, attrs) =>
  execute(backend, activationOp[attrs.activation as ActivationName], {}, [x!]),
);

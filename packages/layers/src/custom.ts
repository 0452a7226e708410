/** What this package's kernels and layers are made with, for packages that bring others of the same manner: `@seg/sync-bn` does. */
import "./register.ts";

export { oneOf } from "./errors.ts";
export { type ComposedKernel, composedKernel } from "./kernels/composed/kernel.ts";
export { ACTIVATIONS, type ActivationName } from "./kernels/names.ts";
export { registerKernels } from "./kernels/register.ts";
export { execute, executeAll, FLOAT, float, type NativeBackend, nativeKernel } from "./kernels/tensorflow/native.ts";
export { firstShape, type LayerArgs, type Shape, StrictLayer } from "./layers/layer.ts";
export {
  type ConstraintArg,
  type InitializerArg,
  type RegularizerArg,
  resolve,
  written,
} from "./layers/weight-args.ts";
export { activate, activationGrad } from "./ops/activation.ts";

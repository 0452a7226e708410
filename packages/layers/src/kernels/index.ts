/** What kernels are made with, for packages that bring their own: those of `@seg/sync-bn`. */

export { type ComposedKernel, composedKernel } from "./composed/kernel.ts";
export type { ActivationName, Pair } from "./names.ts";
export { registerKernels } from "./register.ts";
export { execute, executeAll, FLOAT, float, type NativeBackend, nativeKernel } from "./tensorflow/native.ts";

import * as tf from "@tensorflow/tfjs";
import type { ComposedKernel } from "./composed/kernel.ts";

/** Engines that have no ops of their own for what is computed here. */
const COMPOSED = ["cpu", "wasm", "webgpu", "webgl"];

/** Registers kernels with TF.js: the native ones for TensorFlow, the composed ones for all other engines and where there is no native one. */
export function registerKernels(composed: readonly ComposedKernel[], native: readonly tf.KernelConfig[]): void {
  for (const config of native) tf.registerKernel(config);
  const taken = new Set(native.map(({ kernelName }) => kernelName));
  for (const config of composed) {
    for (const backendName of COMPOSED) tf.registerKernel({ ...config, backendName });
    if (!taken.has(config.kernelName)) tf.registerKernel({ ...config, backendName: "tensorflow" });
  }
}

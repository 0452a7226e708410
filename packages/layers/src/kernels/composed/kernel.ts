import * as tf from "@tensorflow/tfjs";

/** A kernel of stock ones, for any engine: a `KernelConfig` that does not name the engine yet. */
export type ComposedKernel = Omit<tf.KernelConfig, "backendName">;

/** Makes such a kernel; what it allocates on the way is freed. */
export function composedKernel(
  kernelName: string,
  run: (inputs: Record<string, tf.Tensor4D>, attrs: tf.NamedAttrMap) => tf.Tensor | tf.Tensor[],
): ComposedKernel {
  return {
    kernelName,
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => run(inputs as unknown as Record<string, tf.Tensor4D>, attrs ?? {})),
  };
}

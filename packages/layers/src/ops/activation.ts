import * as tf from "@tensorflow/tfjs";
import { Activation, type ActivationName } from "../kernels/names.ts";

/**
 * `relu` (max(x, 0)) or `relu6` (min(max(x, 0), 6)). Unlike TF.js's own, the gradient keeps the output and lets the input go.
 *
 * @param x - Any shape, float32.
 * @returns The same shape; the caller disposes it.
 */
export function activate<T extends tf.Tensor>(x: T, activation: ActivationName): T {
  return tf.engine().runKernel(Activation, { x }, { activation }) as T;
}

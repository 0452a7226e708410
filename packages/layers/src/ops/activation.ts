import * as tf from "@tensorflow/tfjs";
import { oneOf } from "../errors.ts";
import { ACTIVATIONS, Activation, ActivationGrad, type ActivationName } from "../kernels/names.ts";

/**
 * `relu` (max(x, 0)) or `relu6` (min(max(x, 0), 6)). Unlike TF.js's own, the gradient keeps the output and lets the input go.
 *
 * @param x - Any shape, float32.
 * @returns The same shape; the caller disposes it.
 * @throws {LayersError} `option` for another activation.
 */
export function activate<T extends tf.Tensor>(x: T, activation: ActivationName): T {
  oneOf("activation", activation, ACTIVATIONS);
  return tf.engine().runKernel(Activation, { x }, { activation }) as T;
}

/**
 * The gradient of {@link activate}'s input, from its output.
 *
 * @param dy - The output's gradient.
 * @param y - The output.
 * @returns The shape of both; the caller disposes it.
 */
export function activationGrad<T extends tf.Tensor>(dy: T, y: T, activation: ActivationName): T {
  return tf.engine().runKernel(ActivationGrad, { dy, y }, { activation }) as T;
}

import type * as tf from "@tensorflow/tfjs";

/** A shape whose unknown dimensions are null. */
export type Shape = (number | null)[];

/** What every layer here takes. */
export interface LayerOptions {
  /** The layer's name; the models use PyTorch's module path. */
  name?: string;
  /** Whether the weights are trained. Default true. */
  trainable?: boolean;
}

/** The first of several inputs, or the only one. */
export const inputOf = (inputs: tf.Tensor | tf.Tensor[]) => (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;

/** The first of several shapes, or the only one. */
export const single = (shape: Shape | Shape[]) => (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;

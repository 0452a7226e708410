import * as tf from "@tensorflow/tfjs";
import type { ActivationName } from "../kernels/names.ts";
import { activate } from "../ops/activation.ts";
import { inputOf, type LayerOptions, type Shape, single } from "./layer.ts";

/** The layer over `activate`. */
export class ActivationLayer extends tf.layers.Layer {
  static className = "SegActivation";
  readonly activation: ActivationName;

  constructor(options: { activation: ActivationName } & LayerOptions) {
    super(options);
    this.activation = options.activation;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return single(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return activate(inputOf(inputs), this.activation);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), activation: this.activation };
  }
}

tf.serialization.registerClass(ActivationLayer);

/** A `relu` or `relu6` layer that keeps only its output for the gradient. @see `activate`. */
export const activationLayer = (options: { activation: ActivationName } & LayerOptions) => new ActivationLayer(options);

import * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";
import type { ActivationName } from "../kernels/names.ts";
import { activate } from "../ops/activation.ts";
import { conv2dOverResized } from "../ops/conv2d-over-resized.ts";
import { Conv2DLayer, type Conv2DLayerOptions } from "./conv2d.ts";
import type { Shape } from "./layer.ts";

/** The layer over `conv2dOverResized`; its weights are those of a convolution over the concatenation. */
export class Conv2DOverResizedLayer extends Conv2DLayer {
  static override className = "SegConv2DOverResized";

  constructor(options: Conv2DLayerOptions) {
    super(options);
    if (this.groups !== 1 || [...this.strides, ...this.dilations].some((n) => n !== 1)) {
      throw new LayersError("option", "Expected stride, dilation and groups 1 for a convolution over resized images.");
    }
  }

  protected override inputChannels(inputShape: Shape | Shape[]): number {
    return (inputShape as Shape[]).reduce((sum, shape) => sum + shape[3]!, 0);
  }

  protected override convolve(inputs: tf.Tensor | tf.Tensor[], filter: tf.Tensor4D): tf.Tensor4D {
    return conv2dOverResized(inputs as tf.Tensor4D[], filter, this.padding);
  }

  override infer(inputs: tf.Tensor | tf.Tensor[], filter: tf.Tensor4D, bias: tf.Tensor1D, activation?: ActivationName) {
    return tf.tidy(() => {
      const y = this.convolve(inputs, filter).add(bias);
      return activation ? activate(y, activation) : y;
    });
  }
}

tf.serialization.registerClass(Conv2DOverResizedLayer);

/** A convolution layer applied to `[x0, x1, …]`, the later ones resized to the size of the first. @see `conv2dOverResized`. */
export const conv2dOverResizedLayer = (options: Conv2DLayerOptions) => new Conv2DOverResizedLayer(options);

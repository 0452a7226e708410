import * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";
import type { ActivationName } from "../kernels/names.ts";
import { activate } from "../ops/activation.ts";
import * as ops from "../ops/conv2d-over-resized.ts";
import { Conv2D, type Conv2DLayerArgs } from "./conv2d.ts";
import type { Shape } from "./layer.ts";

/**
 * The layer over the operation `conv2dOverResized`; its weights are those of a convolution over the concatenation.
 *
 * @example
 * ```ts
 * import { Conv2DOverResized } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const layer = new Conv2DOverResized({ filters: 4, kernelSize: 1 });
 * layer.apply([tf.zeros([1, 8, 8, 2]), tf.zeros([1, 4, 4, 3])]);
 * // Over the 2 + 3 channels of both.
 * console.log(layer.getWeights()[0]?.shape); // [ 1, 1, 5, 4 ]
 * ```
 */
export class Conv2DOverResized extends Conv2D {
  static override className = "SegConv2DOverResized";

  constructor(args: Conv2DLayerArgs) {
    super(args);
    if (this.groups !== 1 || [...this.strides, ...this.dilations].some((n) => n !== 1)) {
      throw new LayersError("option", {
        expected: "strides, dilations and groups of 1 for a convolution over resized images",
        received: `${this.strides}, ${this.dilations} and ${this.groups}`,
      });
    }
  }

  protected override get takes() {
    return { least: 2, most: Number.POSITIVE_INFINITY, rank: 4 };
  }

  protected override inputChannels(inputShape: Shape | Shape[]): number {
    return (inputShape as Shape[]).reduce((sum, shape) => sum + shape[3]!, 0);
  }

  protected override convolve(inputs: tf.Tensor | tf.Tensor[], filter: tf.Tensor4D): tf.Tensor4D {
    return ops.conv2dOverResized(inputs as tf.Tensor4D[], filter, this.padding);
  }

  override infer(inputs: tf.Tensor | tf.Tensor[], filter: tf.Tensor4D, bias: tf.Tensor1D, activation?: ActivationName) {
    return tf.tidy(() => {
      const y = this.convolve(inputs, filter).add(bias);
      return activation ? activate(y, activation) : y;
    });
  }
}

tf.serialization.registerClass(Conv2DOverResized);

/**
 * A convolution layer applied to `[x0, x1, …]`, the later ones resized to the size of the first. @see `conv2dOverResized`.
 *
 * @example
 * ```ts
 * import { conv2dOverResized } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const [large, small] = [tf.input({ shape: [8, 8, 2] }), tf.input({ shape: [4, 4, 3] })];
 * const outputs = conv2dOverResized({ filters: 4, kernelSize: 3, padding: 1 }).apply([large, small]) as tf.SymbolicTensor;
 * console.log(tf.model({ inputs: [large, small], outputs }).outputs[0]?.shape); // [ null, 8, 8, 4 ]
 * ```
 */
export const conv2dOverResized = (args: Conv2DLayerArgs) => new Conv2DOverResized(args);

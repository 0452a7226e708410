import * as tf from "@tensorflow/tfjs";
import type { Pair } from "../kernels/names.ts";
import { pair } from "../ops/pair.ts";
import * as ops from "../ops/pooling.ts";
import { outputSize } from "../window-size.ts";
import { firstShape, inputOf, type LayerArgs, ONE_IMAGE, type Shape, StrictLayer } from "./layer.ts";

/** Options of {@link maxPool2d}. */
export interface MaxPool2DLayerArgs extends LayerArgs, ops.MaxPool2DOptions {}

/** Options of {@link adaptiveAvgPool2d}. */
export interface AdaptiveAvgPool2DLayerArgs extends LayerArgs {
  /** Cells in height and width, positive. */
  bins: number | Pair;
}

/**
 * The layer over the operation `maxPool2d`.
 *
 * @example
 * ```ts
 * import { MaxPool2D } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const row = tf.tensor4d([1, 3, 5, 9], [1, 1, 4, 1]);
 * const largest = new MaxPool2D({ kernelSize: [1, 2] }).apply(row) as tf.Tensor;
 * console.log(largest.dataSync().join(" ")); // 3 9
 * ```
 */
export class MaxPool2D extends StrictLayer {
  static className = "SegMaxPool2D";
  readonly options: { kernelSize: Pair; strides: Pair; padding: Pair };

  constructor(args: MaxPool2DLayerArgs) {
    super(args, ["kernelSize", "strides", "padding"]);
    this.options = ops.maxPoolWindow(args);
  }

  protected override get takes() {
    return ONE_IMAGE;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch, height, width, channels] = firstShape(inputShape);
    const { kernelSize, strides, padding } = this.options;
    const size = (n: number | null | undefined, i: 0 | 1) =>
      n == null ? null : outputSize(n, kernelSize[i], strides[i], padding[i], 1);
    return [batch!, size(height, 0), size(width, 1), channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return ops.maxPool2d(inputOf(inputs), this.options);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.options };
  }
}

/**
 * The layer over the operation `adaptiveAvgPool2d`.
 *
 * @example
 * ```ts
 * import { AdaptiveAvgPool2D } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // The mean of each half of the row: (1 + 3) / 2 and (5 + 9) / 2.
 * const row = tf.tensor4d([1, 3, 5, 9], [1, 1, 4, 1]);
 * const means = new AdaptiveAvgPool2D({ bins: [1, 2] }).apply(row) as tf.Tensor;
 * console.log(means.dataSync().join(" ")); // 2 7
 * ```
 */
export class AdaptiveAvgPool2D extends StrictLayer {
  static className = "SegAdaptiveAvgPool2D";
  readonly bins: Pair;

  constructor(args: AdaptiveAvgPool2DLayerArgs) {
    super(args, ["bins"]);
    this.bins = pair("bins", args.bins, 1);
  }

  protected override get takes() {
    return ONE_IMAGE;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch, , , channels] = firstShape(inputShape);
    return [batch!, ...this.bins, channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return ops.adaptiveAvgPool2d(inputOf(inputs), this.bins);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), bins: this.bins };
  }
}

tf.serialization.registerClass(MaxPool2D);
tf.serialization.registerClass(AdaptiveAvgPool2D);

/**
 * A max pooling layer with symmetric padding. @see PyTorch's `nn.MaxPool2d`.
 *
 * @example
 * ```ts
 * import { maxPool2d } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // That of a ResNet's beginning, as `nn.MaxPool2d(3, stride=2, padding=1)`.
 * const layer = maxPool2d({ inputShape: [112, 112, 64], kernelSize: 3, strides: 2, padding: 1 });
 * console.log(tf.sequential({ layers: [layer] }).outputs[0]?.shape); // [ null, 56, 56, 64 ]
 * ```
 */
export const maxPool2d = (args: MaxPool2DLayerArgs) => new MaxPool2D(args);

/**
 * An adaptive average pooling layer. @see PyTorch's `nn.AdaptiveAvgPool2d`.
 *
 * @example
 * ```ts
 * import { adaptiveAvgPool2d } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({ layers: [adaptiveAvgPool2d({ inputShape: [null, null, 3], bins: 2 })] });
 * console.log((model.predict(tf.zeros([1, 5, 7, 3])) as tf.Tensor).shape); // [ 1, 2, 2, 3 ]
 * ```
 */
export const adaptiveAvgPool2d = (args: AdaptiveAvgPool2DLayerArgs) => new AdaptiveAvgPool2D(args);

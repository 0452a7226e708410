import * as tf from "@tensorflow/tfjs";
import type { Pair } from "../kernels/names.ts";
import { pair } from "../ops/pair.ts";
import { adaptiveAvgPool2d, type MaxPool2DOptions, maxPool2d } from "../ops/pooling.ts";
import { outputSize } from "../window-size.ts";
import { inputOf, type LayerOptions, type Shape, single } from "./layer.ts";

/** The layer over `maxPool2d`. */
export class MaxPool2DLayer extends tf.layers.Layer {
  static className = "SegMaxPool2D";
  readonly options: Required<MaxPool2DOptions>;

  constructor(options: MaxPool2DOptions & LayerOptions) {
    super(options);
    const { kernelSize, strides = kernelSize, padding = 0 } = options;
    this.options = { kernelSize, strides, padding };
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch, height, width, channels] = single(inputShape);
    const kernel = pair("kernelSize", this.options.kernelSize, 1);
    const strides = pair("strides", this.options.strides, 1);
    const padding = pair("padding", this.options.padding, 0);
    const size = (n: number | null | undefined, i: 0 | 1) =>
      n == null ? null : outputSize(n, kernel[i], strides[i], padding[i], 1);
    return [batch!, size(height, 0), size(width, 1), channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return maxPool2d(inputOf(inputs), this.options);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.options };
  }
}

/** The layer over `adaptiveAvgPool2d`. */
export class AdaptiveAvgPool2DLayer extends tf.layers.Layer {
  static className = "SegAdaptiveAvgPool2D";
  readonly bins: Pair;

  constructor(options: { bins: number | Pair } & LayerOptions) {
    super(options);
    this.bins = pair("bins", options.bins, 1);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch, , , channels] = single(inputShape);
    return [batch!, ...this.bins, channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return adaptiveAvgPool2d(inputOf(inputs), this.bins);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), bins: this.bins };
  }
}

tf.serialization.registerClass(MaxPool2DLayer);
tf.serialization.registerClass(AdaptiveAvgPool2DLayer);

/** A max pooling layer with symmetric padding. @see `maxPool2d`, and PyTorch's `nn.MaxPool2d`. */
export const maxPool2dLayer = (options: MaxPool2DOptions & LayerOptions) => new MaxPool2DLayer(options);

/** An adaptive average pooling layer. @see `adaptiveAvgPool2d`, and PyTorch's `nn.AdaptiveAvgPool2d`. */
export const adaptiveAvgPool2dLayer = (options: { bins: number | Pair } & LayerOptions) =>
  new AdaptiveAvgPool2DLayer(options);

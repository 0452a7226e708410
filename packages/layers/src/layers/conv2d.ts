import * as tf from "@tensorflow/tfjs";
import { type ActivationName, FusedConv2D, outputSize, type Pair } from "../kernel-names.ts";
import { type Conv2DOptions, conv2d } from "../ops/conv2d.ts";
import { pair } from "../ops/pair.ts";
import { inputOf, type LayerOptions, type Shape, single } from "./layer.ts";

/** Options of {@link conv2dLayer}. */
export interface Conv2DLayerOptions extends LayerOptions, Conv2DOptions {
  /** Output channels, a multiple of `groups`. */
  filters: number;
  /** Height and width of the window. */
  kernelSize: number | Pair;
  /** Whether a bias is added. Default true. */
  useBias?: boolean;
  /** Standard deviation of the filter's normal initializer; 0 for zeros. Default sqrt(2 / fan-in): Kaiming-normal (He et al., 2015). */
  kernelStddev?: number;
  /** Limit of the bias's uniform initializer, from −limit to limit; 0 for zeros. Default 1 / sqrt(fan-in), PyTorch's. */
  biasLimit?: number;
  /** Seed of the initializers. Default: another one each time. */
  seed?: number;
}

/** The layer over `conv2d`: weights `kernel` `[kh, kw, inChannels / groups, filters]` and `bias` `[filters]`. */
export class Conv2DLayer extends tf.layers.Layer {
  static className = "SegConv2D";
  readonly options: Conv2DLayerOptions;
  readonly strides: Pair;
  readonly padding: Pair;
  readonly dilations: Pair;
  readonly groups: number;
  readonly kernelSize: Pair;
  kernel?: tf.LayerVariable;
  bias?: tf.LayerVariable;

  constructor(options: Conv2DLayerOptions) {
    super(options);
    this.options = options;
    this.kernelSize = pair("kernelSize", options.kernelSize, 1);
    this.strides = pair("strides", options.strides ?? 1, 1);
    this.padding = pair("padding", options.padding ?? 0, 0);
    this.dilations = pair("dilations", options.dilations ?? 1, 1);
    this.groups = options.groups ?? 1;
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = this.inputChannels(inputShape);
    const { filters, useBias = true, kernelStddev, biasLimit, seed } = this.options;
    const inPerGroup = channels / this.groups;
    const fanIn = inPerGroup * this.kernelSize[0] * this.kernelSize[1];
    const stddev = kernelStddev ?? Math.sqrt(2 / fanIn);
    const limit = biasLimit ?? 1 / Math.sqrt(fanIn);
    const normal = stddev ? tf.initializers.randomNormal({ mean: 0, stddev, seed }) : tf.initializers.zeros();
    this.kernel = this.addWeight("kernel", [...this.kernelSize, inPerGroup, filters], "float32", normal);
    if (useBias) {
      const uniform = limit
        ? tf.initializers.randomUniform({ minval: -limit, maxval: limit, seed })
        : tf.initializers.zeros();
      this.bias = this.addWeight("bias", [filters], "float32", uniform);
    }
    super.build(inputShape);
  }

  /** How many channels the filter looks at. */
  protected inputChannels(inputShape: Shape | Shape[]): number {
    return single(inputShape)[3]!;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch, height, width] = single(inputShape);
    const size = (n: number | null | undefined, i: 0 | 1) =>
      n == null ? null : outputSize(n, this.kernelSize[i], this.strides[i], this.padding[i], this.dilations[i]);
    return [batch!, size(height, 0), size(width, 1), this.options.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const y = this.convolve(inputs, this.kernel!.read() as tf.Tensor4D);
      return this.bias ? tf.add(y, this.bias.read()) : y;
    });
  }

  /** The convolution alone, with another filter of the same shape. */
  protected convolve(inputs: tf.Tensor | tf.Tensor[], filter: tf.Tensor4D): tf.Tensor4D {
    return conv2d(inputOf(inputs), filter, this);
  }

  /**
   * The pass of a trained network: convolution with a filter and bias that already hold the batch norm, and the activation, in
   * one kernel where the engine has it. There is no gradient.
   */
  infer(
    inputs: tf.Tensor | tf.Tensor[],
    filter: tf.Tensor4D,
    bias: tf.Tensor1D,
    activation?: ActivationName,
  ): tf.Tensor {
    const { strides, padding, dilations, groups } = this;
    const attrs = { strides, padding, dilations, groups, activation: activation ?? "" };
    return tf.engine().runKernel(FusedConv2D, { x: inputOf(inputs), filter, bias }, attrs) as tf.Tensor;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, useBias = true, kernelStddev = null, biasLimit = null, seed = null } = this.options;
    const { kernelSize, strides, padding, dilations, groups } = this;
    return {
      ...super.getConfig(),
      ...{ filters, kernelSize, strides, padding, dilations, groups, useBias, kernelStddev, biasLimit, seed },
    } as tf.serialization.ConfigDict;
  }
}

tf.serialization.registerClass(Conv2DLayer);

/**
 * A convolution layer with any stride, symmetric padding, dilation and groups.
 *
 * @see `conv2d` for shapes, and PyTorch's `nn.Conv2d`.
 */
export const conv2dLayer = (options: Conv2DLayerOptions) => new Conv2DLayer(options);

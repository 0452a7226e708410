import { channelDropout, conv2d, conv2dOverResized, layerSeed, resizeLike } from "@seg/layers";
import { batchNormalization } from "@seg/sync-bn";
import type { NetworkOptions } from "@seg/sync-bn/network-options";
import type * as tf from "@tensorflow/tfjs";

/** Options of every decoder. */
export interface DecoderOptions extends NetworkOptions {
  /** How many classes are scored. Default 150, ADE20K's. */
  numClasses?: number;
  /** Share of channels dropped in training before the last layer of PPM decoders. Default 0.1. */
  dropout?: number;
}

interface ConvBnReluOptions {
  /** Names of the convolution and of the batch norm. */
  names: [string, string];
  filters: number;
  /** Default 3; the padding keeps the size. */
  kernelSize?: number;
}

/** Adds layers to a decoder's graph; convolutions are initialized like the original's decoders' (Kaiming-normal, fan-in). */
export class DecoderBuilder {
  readonly options: DecoderOptions;

  constructor(options: DecoderOptions) {
    this.options = options;
  }

  /** Convolution without bias, batch norm, ReLU; several inputs are resized to the first's size and concatenated. */
  convBnRelu(x: tf.SymbolicTensor | tf.SymbolicTensor[], { names, filters, kernelSize = 3 }: ConvBnReluOptions) {
    const layer = Array.isArray(x) ? conv2dOverResized : conv2d;
    const padding = (kernelSize - 1) / 2;
    const y = layer({
      ...this.initializers(names[0]),
      name: names[0],
      filters,
      kernelSize,
      padding,
      useBias: false,
    }).apply(x);
    // The original starts these biases at 1e-4; PyTorch's own default is 0, and no trained value tells the difference.
    return batchNormalization({ ...this.options.batchNorm, name: names[1], activation: "relu" }).apply(
      y as tf.SymbolicTensor,
    ) as tf.SymbolicTensor;
  }

  /** The last layer: scores before the softmax, one channel for each class. */
  logits(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    const { numClasses = 150, weights } = this.options;
    return conv2d({
      ...this.initializers(name),
      name,
      filters: numClasses,
      kernelSize: 1,
      ...(weights === "zeros" && { biasLimit: 0 }),
    }).apply(x) as tf.SymbolicTensor;
  }

  dropout(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    const { dropout: rate = 0.1, seed } = this.options;
    const own = layerSeed(seed, name);
    return channelDropout({ name, rate, ...(own !== undefined && { seed: own }) }).apply(x) as tf.SymbolicTensor;
  }

  resizeLike(x: tf.SymbolicTensor, like: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    return resizeLike({ name }).apply([x, like]) as tf.SymbolicTensor;
  }

  private initializers(name: string) {
    const { weights = "random", seed } = this.options;
    return { ...(weights === "zeros" && { kernelStddev: 0 }), seed: layerSeed(seed, name) };
  }
}

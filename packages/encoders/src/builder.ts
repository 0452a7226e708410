import { type ActivationName, conv2d, layerSeed } from "@seg/layers";
import { batchNormalization } from "@seg/sync-bn";
import type { NetworkOptions } from "@seg/sync-bn/network-options";
import type * as tf from "@tensorflow/tfjs";

/** Options of every encoder. */
export type EncoderOptions = NetworkOptions;

/** What a convolution with batch norm is told besides its input. */
interface ConvBnOptions {
  /** Names of the convolution and of the batch norm. */
  names: [string, string];
  filters: number;
  /** Default 1. */
  kernelSize?: number;
  /** Default 1. */
  strides?: number;
  /** Default 1. The padding keeps the size at stride 1. */
  dilations?: number;
  /** Default 1. */
  groups?: number;
  /** Default none. */
  activation?: ActivationName;
  /** Added before the activation. */
  residual?: tf.SymbolicTensor;
}

/** Adds a convolution without bias and its batch norm to a graph. */
export type ConvBn = (x: tf.SymbolicTensor, options: ConvBnOptions) => tf.SymbolicTensor;

/** Convolutions initialized like the original's encoders': Kaiming-normal, fan-out (variance 2 / (kernel area · output channels / groups)). */
export function convBnBuilder({ weights = "random", seed, batchNorm }: EncoderOptions): ConvBn {
  return (x, { names, filters, kernelSize = 1, dilations = 1, groups = 1, activation, residual, ...options }) => {
    const y = conv2d({
      name: names[0],
      filters,
      kernelSize,
      dilations,
      groups,
      strides: options.strides ?? 1,
      padding: (dilations * (kernelSize - 1)) / 2,
      useBias: false,
      kernelStddev: weights === "zeros" ? 0 : Math.sqrt((2 * groups) / (kernelSize ** 2 * filters)),
      seed: layerSeed(seed, names[0]),
    }).apply(x) as tf.SymbolicTensor;
    const norm = batchNormalization({ ...batchNorm, name: names[1], activation: activation ?? null });
    return norm.apply(residual ? [y, residual] : y) as tf.SymbolicTensor;
  };
}

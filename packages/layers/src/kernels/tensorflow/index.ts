/**
 * Kernels for the native engine (tfjs-node and tfjs-node-gpu), each a call of TensorFlow's own op where that is right and fast on the
 * processor at hand, else another way to the same numbers.
 */
import * as tf from "@tensorflow/tfjs";
import { activationConfig, activationGradConfig } from "./activation.ts";
import { conv2dConfig } from "./conv2d.ts";
import { conv2dBackpropFilterConfig } from "./conv2d-backprop-filter.ts";
import { conv2dBackpropInputConfig } from "./conv2d-backprop-input.ts";
import { fusedConv2dConfig } from "./fused-conv2d.ts";
import { maxPool2dConfig, maxPool2dGradConfig } from "./max-pool2d.ts";
import { resizeBilinearConfig, resizeBilinearGradConfig } from "./resize-bilinear.ts";
import { sparseCrossEntropyConfig } from "./sparse-cross-entropy.ts";

/** Registers this package's kernels for the native engine. */
export function registerTensorflowKernels(): void {
  for (const config of [
    activationConfig,
    activationGradConfig,
    conv2dConfig,
    conv2dBackpropFilterConfig,
    conv2dBackpropInputConfig,
    fusedConv2dConfig,
    maxPool2dConfig,
    maxPool2dGradConfig,
    resizeBilinearConfig,
    resizeBilinearGradConfig,
    sparseCrossEntropyConfig,
  ]) {
    tf.registerKernel(config);
  }
}

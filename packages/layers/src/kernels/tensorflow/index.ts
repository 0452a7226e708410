/**
 * Kernels for the native engine (tfjs-node and tfjs-node-gpu), each a call of TensorFlow's own op where that is right and fast on the
 * processor at hand, else another way to the same numbers.
 */
import type { KernelConfig } from "@tensorflow/tfjs";
import { activationConfig } from "./activation.ts";
import { activationGradConfig } from "./activation-grad.ts";
import { conv2dConfig } from "./conv2d.ts";
import { conv2dBackpropFilterConfig } from "./conv2d-backprop-filter.ts";
import { conv2dBackpropInputConfig } from "./conv2d-backprop-input.ts";
import { fusedConv2dConfig } from "./fused-conv2d.ts";
import { maxPool2dConfig } from "./max-pool2d.ts";
import { maxPool2dGradConfig } from "./max-pool2d-grad.ts";
import { resizeBilinearConfig } from "./resize-bilinear.ts";
import { resizeBilinearGradConfig } from "./resize-bilinear-grad.ts";
import { sparseCrossEntropyConfig } from "./sparse-cross-entropy.ts";

/** All of them; what is missing here is computed with stock kernels on this engine too. */
export const nativeKernels: readonly KernelConfig[] = [
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
];

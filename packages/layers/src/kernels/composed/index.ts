/** Every kernel of this package from stock ones: for WebAssembly, plain JavaScript, WebGPU and WebGL, which lack the ops. */
import { activationConfig } from "./activation.ts";
import { activationGradConfig } from "./activation-grad.ts";
import { adaptiveAvgPool2dConfig } from "./adaptive-avg-pool2d.ts";
import { adaptiveAvgPool2dGradConfig } from "./adaptive-avg-pool2d-grad.ts";
import { conv2dConfig } from "./conv2d.ts";
import { conv2dBackpropFilterConfig } from "./conv2d-backprop-filter.ts";
import { conv2dBackpropInputConfig } from "./conv2d-backprop-input.ts";
import { diceLossConfig } from "./dice-loss.ts";
import { focalLossConfig } from "./focal-loss.ts";
import { fusedConv2dConfig } from "./fused-conv2d.ts";
import { interpolatedConv2dConfig } from "./interpolated-conv2d.ts";
import { interpolatedConv2dGradConfig } from "./interpolated-conv2d-grad.ts";
import type { ComposedKernel } from "./kernel.ts";
import { lovaszSoftmaxConfig } from "./lovasz-softmax.ts";
import { maxPool2dConfig } from "./max-pool2d.ts";
import { maxPool2dGradConfig } from "./max-pool2d-grad.ts";
import { ohemCrossEntropyConfig } from "./ohem-cross-entropy.ts";
import { resizeBilinearConfig } from "./resize-bilinear.ts";
import { resizeBilinearGradConfig } from "./resize-bilinear-grad.ts";
import { sparseCrossEntropyConfig } from "./sparse-cross-entropy.ts";

/** All of them. */
export const composedKernels: readonly ComposedKernel[] = [
  activationConfig,
  activationGradConfig,
  adaptiveAvgPool2dConfig,
  adaptiveAvgPool2dGradConfig,
  conv2dConfig,
  conv2dBackpropFilterConfig,
  conv2dBackpropInputConfig,
  diceLossConfig,
  focalLossConfig,
  fusedConv2dConfig,
  interpolatedConv2dConfig,
  interpolatedConv2dGradConfig,
  lovaszSoftmaxConfig,
  maxPool2dConfig,
  maxPool2dGradConfig,
  ohemCrossEntropyConfig,
  resizeBilinearConfig,
  resizeBilinearGradConfig,
  sparseCrossEntropyConfig,
];

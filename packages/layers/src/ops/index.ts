/** Operations on tensors, with their gradients; the layers of the same names are in `@seg/layers`. */
import "../register.ts";

export { activate } from "./activation.ts";
export { type Conv2DOptions, conv2d } from "./conv2d.ts";
export { conv2dOverResized } from "./conv2d-over-resized.ts";
export { adaptiveAvgPool2d, type MaxPool2DOptions, maxPool2d } from "./pooling.ts";
export { resizeBilinear } from "./resize-bilinear.ts";

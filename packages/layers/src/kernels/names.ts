import type { NamedAttrMap } from "@tensorflow/tfjs";

// Names under which TF.js finds the kernels and gradients of this package.
export const Conv2D = "SegConv2D";
export const Conv2DBackpropInput = "SegConv2DBackpropInput";
export const Conv2DBackpropFilter = "SegConv2DBackpropFilter";
export const FusedConv2D = "SegFusedConv2D";
export const ResizeBilinear = "SegResizeBilinear";
export const ResizeBilinearGrad = "SegResizeBilinearGrad";
export const AdaptiveAvgPool2D = "SegAdaptiveAvgPool2D";
export const AdaptiveAvgPool2DGrad = "SegAdaptiveAvgPool2DGrad";
export const MaxPool2D = "SegMaxPool2D";
export const MaxPool2DGrad = "SegMaxPool2DGrad";
export const Activation = "SegActivation";
export const ActivationGrad = "SegActivationGrad";
export const InterpolatedConv2D = "SegInterpolatedConv2D";
export const InterpolatedConv2DGrad = "SegInterpolatedConv2DGrad";
export const SparseCrossEntropy = "SegSparseCrossEntropy";
export const OhemCrossEntropy = "SegOhemCrossEntropy";
export const FocalLoss = "SegFocalLoss";
export const DiceLoss = "SegDiceLoss";
export const LovaszSoftmax = "SegLovaszSoftmax";

/** The losses: each kernel gives a scalar and its gradient by the scores. */
export const LOSSES = [SparseCrossEntropy, OhemCrossEntropy, FocalLoss, DiceLoss, LovaszSoftmax];

/** A height and a width. */
export type Pair = [number, number];

/** Elementwise activations that can be fused; their gradients follow from the output alone. */
export type ActivationName = "relu" | "relu6";

/** All of them. */
export const ACTIVATIONS: readonly ActivationName[] = ["relu", "relu6"];

export interface Conv2DAttrs extends NamedAttrMap {
  strides: Pair;
  padding: Pair;
  dilations: Pair;
  groups: number;
}

export interface Pool2DAttrs extends NamedAttrMap {
  kernelSize: Pair;
  strides: Pair;
  padding: Pair;
}

export interface OhemAttrs extends NamedAttrMap {
  threshold: number;
  minKept: number;
}

export interface InterpolatedConv2DAttrs extends NamedAttrMap {
  size: Pair;
  padding: Pair;
}

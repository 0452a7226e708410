import type { Pair } from "../kernels/names.ts";
import type { Shape } from "../layers/layer.ts";
import type { LazyArray } from "./weights.ts";

/** Zeros around an image: above, below, left, right; or TensorFlow's `same`: the output has ceil(size / stride) pixels. */
export type Edges = readonly [top: number, bottom: number, left: number, right: number] | "same";

interface OperationBase {
  /** The layer that it comes from. */
  readonly name: string;
  /** Numbers of the tensors it takes and of the one it gives. Images are `[batch, height, width, channels]`. */
  readonly inputs: readonly number[];
  readonly output: number;
}

/** Convolution; with as many groups as channels it is a depthwise one. */
export interface Conv2DOperation extends OperationBase {
  readonly op: "conv2d";
  /** `[out, in / groups, kernelHeight, kernelWidth]`, PyTorch's order. */
  readonly filter: LazyArray;
  /** `[out]`. */
  readonly bias: LazyArray | undefined;
  readonly strides: Pair;
  readonly padding: Edges;
  readonly dilations: Pair;
  readonly groups: number;
}

/**
 * A convolution at stride 1 over the channels of all inputs, the later ones first resized (bilinearly, half-pixel centres) to the size
 * of the first: what `conv2dOverResized` of `@seg/layers/ops` computes.
 */
export interface Conv2DOverResizedOperation extends OperationBase {
  readonly op: "conv2dOverResized";
  /** `[out, Σ in, kernelHeight, kernelWidth]`, PyTorch's order. */
  readonly filter: LazyArray;
  readonly bias: LazyArray | undefined;
  readonly padding: Pair;
}

/** A matrix product over the last axis. */
export interface DenseOperation extends OperationBase {
  readonly op: "dense";
  /** `[out, in]`, PyTorch's order. */
  readonly kernel: LazyArray;
  readonly bias: LazyArray | undefined;
}

/** x · scale + offset, each `[channels]` of the last axis. */
export interface AffineOperation extends OperationBase {
  readonly op: "affine";
  readonly scale: LazyArray;
  readonly offset: LazyArray;
}

/** Pooling over windows; an average counts no pixel beyond the border. */
export interface PoolOperation extends OperationBase {
  readonly op: "pool";
  readonly kind: "max" | "average";
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Edges;
}

/** `[batch, height, width, channels]` to `[batch, channels]`. */
export interface GlobalPoolOperation extends OperationBase {
  readonly op: "globalPool";
  readonly kind: "max" | "average";
}

/** Average pooling to `bins` cells; cell i of n covers rows floor(i·H/n) to ceil((i+1)·H/n). */
export interface AdaptiveAvgPoolOperation extends OperationBase {
  readonly op: "adaptiveAvgPool";
  readonly bins: Pair;
}

/** The first input resized bilinearly, with half-pixel centres, to the height and width of the second. */
export interface ResizeLikeOperation extends OperationBase {
  readonly op: "resizeLike";
}

/** Upsampling by whole factors as TF.js's `upSampling2d` does it: output pixel i looks at i / factor, without half-pixel centres. */
export interface UpsampleOperation extends OperationBase {
  readonly op: "upsample";
  readonly factors: Pair;
  readonly interpolation: "nearest" | "bilinear";
}

/** Two or more inputs, broadcast. */
export interface ArithmeticOperation extends OperationBase {
  readonly op: "arithmetic";
  readonly kind: "add" | "multiply" | "maximum" | "minimum" | "average";
}

/** Inputs one behind the other along an axis, counted from 0. */
export interface ConcatOperation extends OperationBase {
  readonly op: "concat";
  readonly axis: number;
}

/** Functions of one number; softmax is over the last axis. */
export type PointwiseFunction =
  | { readonly kind: "relu" | "relu6" | "sigmoid" | "tanh" | "softplus" | "softsign" | "softmax" | "swish" }
  | { readonly kind: "leakyRelu" | "elu"; readonly alpha: number }
  /** Between 0 and 1: alpha · x + beta. */
  | { readonly kind: "hardSigmoid"; readonly alpha: number; readonly beta: number }
  | { readonly kind: "selu"; readonly alpha: number; readonly gamma: number }
  | { readonly kind: "clip"; readonly min: number; readonly max: number };

/** A function applied to each element. */
export interface ActivationOperation extends OperationBase {
  readonly op: "activation";
  readonly function: PointwiseFunction;
}

/** Zeros around an image. */
export interface PadOperation extends OperationBase {
  readonly op: "pad";
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
}

/** The same numbers in another shape; the batch stays, one other dimension may be null and follows from the rest. */
export interface ReshapeOperation extends OperationBase {
  readonly op: "reshape";
  /** Without the batch. */
  readonly shape: Shape;
}

/** One step of an inference graph. */
export type Operation =
  | Conv2DOperation
  | Conv2DOverResizedOperation
  | DenseOperation
  | AffineOperation
  | PoolOperation
  | GlobalPoolOperation
  | AdaptiveAvgPoolOperation
  | ResizeLikeOperation
  | UpsampleOperation
  | ArithmeticOperation
  | ConcatOperation
  | ActivationOperation
  | PadOperation
  | ReshapeOperation;

/** An operation before it has its place in a graph. */
export type Unplaced = Operation extends infer One
  ? One extends Operation
    ? Omit<One, "name" | "inputs" | "output">
    : never
  : never;

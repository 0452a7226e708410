/** What a model computes at inference, as a list of plain operations: for packages that write it down for another runtime. */

export { type InferenceGraph, type InferenceGraphOptions, inferenceGraph } from "./inference-graph.ts";
export type {
  ActivationOperation,
  AdaptiveAvgPoolOperation,
  AffineOperation,
  ArithmeticOperation,
  ConcatOperation,
  Conv2DOperation,
  Conv2DOverResizedOperation,
  DenseOperation,
  Edges,
  GlobalPoolOperation,
  Operation,
  PadOperation,
  PointwiseFunction,
  PoolOperation,
  ReshapeOperation,
  ResizeLikeOperation,
  UpsampleOperation,
} from "./operation.ts";
export type { LazyArray, WeightSource } from "./weights.ts";

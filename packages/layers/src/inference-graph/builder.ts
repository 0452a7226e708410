import type * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";
import type { Shape } from "../layers/layer.ts";
import type { Unplaced } from "./operation.ts";
import type { WeightSource } from "./weights.ts";

/** Adds operations to a graph, in the name of one layer. */
export interface GraphBuilder {
  readonly weights: WeightSource;
  shapeOf(id: number): Shape;
  /** The number of a new tensor. */
  tensor(shape: Shape): number;
  /** Adds one that gives a tensor of a shape; gives its number. */
  add(operation: Unplaced, inputs: readonly number[], shape: Shape): number;
}

/** The error of a layer that has no plain form, or not with its options. */
export const inexpressible = (layer: tf.layers.Layer, received: string): LayersError =>
  new LayersError(
    "model",
    {
      expected: "layers that can be written as plain operations",
      but: `${layer.name} is ${received}`,
      hint: "leave it out or put another in its place",
    },
    { data: { layer: layer.name, received: layer.getClassName() } },
  );

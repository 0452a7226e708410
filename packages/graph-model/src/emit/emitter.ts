import type { InferenceGraph, Operation } from "@seg/layers/inference-graph";
import type { GraphDefBuilder } from "../graph-def.ts";

/** A function that is computed with the layer before it. */
export type Fused = "Relu" | "Relu6" | undefined;

/** What an emitter may ask for beside its operation. */
export interface Context {
  readonly graph: GraphDefBuilder;
  readonly shapes: InferenceGraph["shapes"];
  /** Names of the nodes that give the operation's inputs. */
  readonly inputs: readonly [string, ...string[]];
  /** What follows the operation at once. */
  readonly fused: Fused;
}

/** Adds the nodes of an operation to a graph; gives the name of the last. */
export type Emitter<Op extends Operation["op"]> = (
  operation: Extract<Operation, { op: Op }>,
  context: Context,
) => string;

import type { InferenceGraph, Operation } from "@seg/layers/inference-graph";
import type { GraphDefBuilder } from "../graph-def.ts";
import { conv2dOverResized } from "./conv2d-over-resized.ts";
import { conv2d } from "./convolution.ts";
import { dense } from "./dense.ts";
import type { Context, Emitter, Fused } from "./emitter.ts";
import { activation, affine, arithmetic } from "./pointwise.ts";
import { adaptiveAvgPool, globalPool, pool } from "./pooling.ts";
import { resizeLike, upsample } from "./resizing.ts";
import { concat, pad, reshape } from "./shapes.ts";

const EMITTERS: { readonly [Op in Operation["op"]]: Emitter<Op> } = {
  conv2d,
  conv2dOverResized,
  dense,
  affine,
  pool,
  globalPool,
  adaptiveAvgPool,
  resizeLike,
  upsample,
  arithmetic,
  concat,
  activation,
  pad,
  reshape,
};

/**
 * Adds a whole inference graph.
 *
 * @param input - The node that gives its input.
 * @returns the nodes that give its outputs.
 */
export function emit(from: InferenceGraph, graph: GraphDefBuilder, input: string): string[] {
  const nodes = new Map([[from.input, input]]);
  const follower = soleFollowers(from);
  for (const operation of from.operations) {
    if (nodes.has(operation.output)) continue;
    graph.scope = operation.name;
    const next = TAKING_ACTIVATIONS.has(operation.op) ? follower.get(operation.output) : undefined;
    const fused = next && fusable(next);
    const inputs = operation.inputs.map((id) => nodes.get(id)!) as [string, ...string[]];
    const emitter = EMITTERS[operation.op] as (operation: Operation, context: Context) => string;
    const node = emitter(operation, { graph, shapes: from.shapes, inputs, fused });
    nodes.set(operation.output, node);
    if (fused) nodes.set(next.output, node);
  }
  graph.scope = "";
  return from.outputs.map((id) => nodes.get(id)!);
}

const TAKING_ACTIVATIONS = new Set<Operation["op"]>(["conv2d", "conv2dOverResized", "dense"]);

/** The function of an operation, if every engine computes it together with a convolution. */
function fusable(operation: Operation): Fused {
  if (operation.op !== "activation") return undefined;
  const fn = operation.function;
  if (fn.kind === "relu") return "Relu";
  return fn.kind === "relu6" || (fn.kind === "clip" && fn.min === 0 && fn.max === 6) ? "Relu6" : undefined;
}

/** The operations that alone read a tensor. */
function soleFollowers({ operations, outputs }: InferenceGraph): Map<number, Operation> {
  const sole = new Map<number, Operation>();
  const seen = new Set(outputs);
  for (const operation of operations) {
    for (const id of operation.inputs) {
      if (seen.has(id)) sole.delete(id);
      else sole.set(id, operation);
      seen.add(id);
    }
  }
  return sole;
}

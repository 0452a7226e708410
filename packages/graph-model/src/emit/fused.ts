import { type Attr, attr, type GraphDefBuilder } from "../graph-def.ts";
import type { Fused } from "./emitter.ts";

/** An op, and the one that adds a bias and applies a function too. */
interface Fusable {
  plain: string;
  fused: string;
}

export const CONV2D: Fusable = { plain: "Conv2D", fused: "_FusedConv2D" };
export const DEPTHWISE: Fusable = { plain: "DepthwiseConv2dNative", fused: "FusedDepthwiseConv2dNative" };
export const MATMUL: Fusable = { plain: "MatMul", fused: "_FusedMatMul" };

/** An op with a bias and a function after it, as one node where it has a bias. */
export function fusedWith(
  graph: GraphDefBuilder,
  op: Fusable,
  inputs: readonly string[],
  bias: string | undefined,
  fn: Fused,
  attributes: Readonly<Record<string, Attr>>,
): string {
  if (bias === undefined) {
    const y = graph.add(op.plain, inputs, attributes);
    return fn ? graph.add(fn, [y]) : y;
  }
  const fused_ops = attr.strings(fn ? ["BiasAdd", fn] : ["BiasAdd"]);
  return graph.add(op.fused, [...inputs, bias], { ...attributes, fused_ops, num_args: attr.int(1) });
}

import type { LazyArray } from "@seg/layers/inference-graph";
import { attr } from "../graph-def.ts";
import { readFilter } from "../weights.ts";
import type { Emitter } from "./emitter.ts";
import { fusedWith, MATMUL } from "./fused.ts";
import { vector } from "./pointwise.ts";
import { concatenated, reshaped, sizesOf } from "./shapes.ts";

export const dense: Emitter<"dense"> = ({ kernel, bias, inputs: [id] }, { graph, shapes, inputs: [x], fused }) => {
  const [outputs, inputs] = kernel.shape as [number, number];
  const [weights] = graph.lazy([["kernel", [inputs, outputs]]], () => transposed(kernel));
  const added = bias && vector(graph, "bias", bias);
  const attributes = { transpose_a: attr.bool(false), transpose_b: attr.bool(false) };
  const rank = shapes.get(id!)!.length;
  const rows = rank === 2 ? x : reshaped(graph, x, [-1, inputs]);
  const y = fusedWith(graph, MATMUL, [rows, weights!], added, fused, attributes);
  if (rank === 2) return y;
  return reshaped(graph, y, concatenated(graph, [sizesOf(graph, x, 0, rank - 1), graph.ints([outputs])], 0));
};

/** `[out, in]` as `[in, out]`. */
const transposed = (kernel: LazyArray) => readFilter({ shape: [...kernel.shape, 1, 1], read: () => kernel.read() }, 1);

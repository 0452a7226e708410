import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type NodeProto,
  NodeProtoSchema,
} from "../proto/onnx_pb.ts";
import type { Unwritten } from "../write/encode.ts";
import type { Initializer } from "../write/graph-writer.ts";
import { constant, filterConstants } from "./filter-constants.ts";
import { groupsOf, type Plan } from "./plan.ts";
import type { Steps } from "./steps.ts";

const LARGEST = 127;
/** With this, two products of a weight and a byte still fit into 16 bits together: 2 · 255 · 64 < 2¹⁵. */
const LARGEST_IN_PAIRS = 64;

/**
 * A planned model whose tensors and filters are rounded to bytes and back (`QuantizeLinear`, `DequantizeLinear`), which runtimes make
 * convolutions of bytes of.
 *
 * @param steps - Of each planned tensor.
 * @param fullRange - Whether weights take eight bits, also where processors without VNNI add products in pairs.
 */
export function quantized(
  unwritten: Unwritten,
  plan: Plan,
  steps: ReadonlyMap<string, Steps>,
  fullRange: boolean,
): Unwritten {
  const nodes: NodeProto[] = [];
  const constants = new Map(unwritten.initializers.map((one) => [one.name, one]));
  const dropped = new Set(plan.folded.values());
  const add = (opType: string, input: string[], output: string, axis = 0) => {
    const attribute = [{ name: "axis", type: AttributeType.INT, i: BigInt(axis) }];
    nodes.push(create(NodeProtoSchema, { name: `${output}.node`, opType, input, output: [output], attribute }));
  };
  const store = (parts: readonly Initializer[]) => {
    for (const one of parts) constants.set(one.name, one);
    return parts.map(({ name }) => name);
  };
  const roundTensor = (tensor: string) => {
    const { scale, zeroPoint } = steps.get(tensor)!;
    const affine = store([
      constant(`${tensor}.step`, DataType.FLOAT, [], 4, () => Float32Array.of(scale)),
      constant(`${tensor}.zero`, DataType.UINT8, [], 1, () => Uint8Array.of(zeroPoint)),
    ]);
    add("QuantizeLinear", [tensor, ...affine], `${tensor}.bytes`);
    add("DequantizeLinear", [`${tensor}.bytes`, ...affine], rounded(tensor));
  };
  const roundFilter = (node: NodeProto) => {
    const [x, ...names] = node.input as [string, string, string?];
    const [filter, bias] = names.map((name) => plan.constants.get(name!)!) as [Initializer, Initializer?];
    // Each channel's own products are few, and are added in 32 bits everywhere.
    const isDepthwise = filter.shape[1] === 1 && groupsOf(node) > 1;
    const largest = fullRange || isDepthwise ? LARGEST : LARGEST_IN_PAIRS;
    const parts = filterConstants(filter, bias, { largest, inputScale: steps.get(x)!.scale });
    for (const [i, part] of parts.entries()) {
      constants.delete(names[i]!);
      add("DequantizeLinear", store(part!), rounded(names[i]!));
    }
    return [rounded(x), ...names.map((name) => rounded(name!))];
  };
  for (const node of unwritten.graph.node) {
    if (dropped.has(node)) continue;
    const input =
      node.opType === "Conv" && plan.nodes.has(node)
        ? roundFilter(node)
        : node.input.map((tensor) => (steps.has(tensor) ? rounded(tensor) : tensor));
    const { output } = plan.folded.get(node) ?? node;
    nodes.push(create(NodeProtoSchema, { ...node, input, output }));
    for (const tensor of output) if (steps.has(tensor)) roundTensor(tensor);
  }
  return {
    ...unwritten,
    graph: { ...unwritten.graph, node: nodes },
    initializers: [...constants.values()],
  };
}

const rounded = (tensor: string) => `${tensor}.rounded`;

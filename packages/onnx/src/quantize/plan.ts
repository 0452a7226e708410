import { OnnxError } from "../errors.ts";
import type { GraphProto, NodeProto } from "../proto/onnx_pb.ts";
import type { Unwritten } from "../write/encode.ts";
import type { Initializer } from "../write/graph-writer.ts";

/** A tensor that is stored as bytes. */
interface ByteTensor {
  /** The tensor whose range it has: its own, or the one that it is pooled from. */
  readonly rangeOf: string;
  /** Whether nothing in it is negative, as an activation that the rounding does would have seen to. */
  readonly isPositive: boolean;
}

/** What of a graph is computed on bytes. */
export interface Plan {
  readonly nodes: ReadonlySet<NodeProto>;
  readonly tensors: ReadonlyMap<string, ByteTensor>;
  /** Activations that rounding to a range which begins at zero does, by the node whose result they take. */
  readonly folded: ReadonlyMap<NodeProto, NodeProto>;
  /** Filters and biases, by name. */
  readonly constants: ReadonlyMap<string, Initializer>;
}

/**
 * Convolutions are computed on bytes, and what lies between them where all that it takes is bytes already: sums, max pooling,
 * concatenation. Convolutions that no other comes before, of the image itself, and those that none comes after, which give the scores, stay
 * in float32: most accuracy is lost there, and little time is to be had.
 */
export function planOf({ graph, initializers }: Unwritten): Plan {
  const readers = readersOf(graph);
  const constants = new Map(initializers.map((one) => [one.name, one]));
  const nodes = new Set<NodeProto>();
  const tensors = new Map<string, ByteTensor>();
  const folded = new Map<NodeProto, NodeProto>();
  const store = (tensor: string, isPositive = false) => {
    if (isPositive || !tensors.has(tensor)) tensors.set(tensor, { rangeOf: tensor, isPositive });
  };
  const compute = (node: NodeProto) => {
    nodes.add(node);
    const activation = activationAfter(node, readers, constants);
    if (activation) folded.set(node, activation);
    store((activation ?? node).output[0]!, activation !== undefined);
  };
  const [after, before] = [afterConvolutions(graph.node), beforeConvolutions(graph.node)];
  for (const node of graph.node) {
    if (node.opType !== "Conv" || !after.has(node.input[0]!) || !before.has(node.output[0]!)) continue;
    if (!node.input.slice(1).every((tensor) => constants.has(tensor))) continue;
    store(node.input[0]!);
    compute(node);
  }
  // Nodes come after those that feed them, so one pass finds all.
  for (const node of graph.node) {
    if (!node.input.every((tensor) => tensors.has(tensor))) continue;
    if (node.opType === "MaxPool") {
      nodes.add(node);
      // It takes bytes as they are: only of the same range.
      tensors.set(node.output[0]!, tensors.get(node.input[0]!)!);
    } else if (node.opType === "Add" || node.opType === "Concat") compute(node);
  }
  if (nodes.size === 0) {
    throw new OnnxError("model", {
      expected: "a network with a convolution between its first and its last",
      but: "there is none",
      hint: "it gains nothing from int8",
    });
  }
  return { nodes, tensors, folded, constants };
}

/** Names of the tensors whose ranges a plan needs. */
export const watchedTensors = ({ tensors }: Plan): string[] => [
  ...new Set([...tensors.values()].map(({ rangeOf }) => rangeOf)),
];

/** How many groups of channels a convolution has. */
export const groupsOf = ({ attribute }: NodeProto): number =>
  Number(attribute.find(({ name }) => name === "group")?.i ?? 1);

/** The only reader of a node's result, if it does no more than cut off what lies outside of a range that begins at zero. */
function activationAfter(
  { output }: NodeProto,
  readers: ReadonlyMap<string, readonly (NodeProto | undefined)[]>,
  constants: ReadonlyMap<string, Initializer>,
): NodeProto | undefined {
  const [reader, ...others] = readers.get(output[0]!) ?? [];
  if (!reader || others.length > 0) return undefined;
  if (reader.opType === "Relu") return reader;
  const low = reader.opType === "Clip" ? constants.get(reader.input[1]!) : undefined;
  return low && new Float32Array(low.bytes().slice().buffer)[0] === 0 ? reader : undefined;
}

/** Who reads a tensor; undefined stands for whoever takes the graph's outputs. */
function readersOf({ node, output }: GraphProto): Map<string, (NodeProto | undefined)[]> {
  const readers = new Map<string, (NodeProto | undefined)[]>();
  const read = (tensor: string, by?: NodeProto) => readers.set(tensor, [...(readers.get(tensor) ?? []), by]);
  for (const one of node) for (const tensor of one.input) read(tensor, one);
  for (const { name } of output) read(name);
  return readers;
}

/** Tensors that convolutions have given, or what is made of them; a size is not. */
function afterConvolutions(nodes: readonly NodeProto[]): Set<string> {
  const after = new Set<string>();
  for (const { opType, input, output } of nodes) {
    if (opType === "Conv" || (opType !== "Shape" && input.some((tensor) => after.has(tensor)))) after.add(output[0]!);
  }
  return after;
}

/** Tensors that convolutions take, or that are made into such; their sizes are not. */
function beforeConvolutions(nodes: readonly NodeProto[]): Set<string> {
  const before = new Set<string>();
  for (const { opType, input, output } of nodes.toReversed()) {
    if (opType === "Conv") before.add(input[0]!);
    if (opType !== "Shape" && before.has(output[0]!)) for (const tensor of input) before.add(tensor);
  }
  return before;
}

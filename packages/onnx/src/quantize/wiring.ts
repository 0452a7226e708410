import type { GraphProto, NodeProto } from "../proto/onnx_pb.ts";

/** Which node makes a tensor, and which read it. */
export interface Wiring {
  maker(tensor: string): NodeProto | undefined;
  /** Undefined stands for whoever reads the graph's outputs. */
  readers(tensor: string): readonly (NodeProto | undefined)[];
}

export function wiringOf({ node, output }: GraphProto): Wiring {
  const makers = new Map<string, NodeProto>();
  const readers = new Map<string, (NodeProto | undefined)[]>();
  const read = (tensor: string, by: NodeProto | undefined) => {
    const known = readers.get(tensor);
    if (known) known.push(by);
    else readers.set(tensor, [by]);
  };
  for (const one of node) {
    for (const tensor of one.output) makers.set(tensor, one);
    for (const tensor of one.input) if (tensor !== "") read(tensor, one);
  }
  for (const { name } of output) read(name, undefined);
  return { maker: (tensor) => makers.get(tensor), readers: (tensor) => readers.get(tensor) ?? [] };
}

import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  NodeProtoSchema,
  ValueInfoProtoSchema,
} from "../proto/onnx_pb.ts";
import type { Unwritten } from "../write/encode.ts";

/** What a watched model gives. */
export const EXTREMES = ["minima", "maxima"] as const;

/**
 * The same model that gives, in place of its outputs, the least and the largest values of images within it, `minima` and `maxima`,
 * `[tensors, 1, 1, 1]`: no image has to leave the runtime.
 */
export function watched(unwritten: Unwritten, tensors: readonly string[]): Unwritten {
  const axis = { name: "axis", type: AttributeType.INT, i: 0n };
  const nodes = EXTREMES.flatMap((extreme, i) => {
    const opType = ["ReduceMin", "ReduceMax"][i]!;
    const reductions = tensors.map((tensor) =>
      create(NodeProtoSchema, { opType, input: [tensor], output: [`${tensor}.${extreme}`] }),
    );
    const input = reductions.map(({ output }) => output[0]!);
    return [...reductions, create(NodeProtoSchema, { opType: "Concat", input, output: [extreme], attribute: [axis] })];
  });
  const output = EXTREMES.map((name) =>
    create(ValueInfoProtoSchema, {
      name,
      type: { value: { case: "tensorType", value: { elemType: DataType.FLOAT } } },
    }),
  );
  const { graph } = unwritten;
  return { ...unwritten, graph: { ...graph, node: [...graph.node, ...nodes], output } };
}

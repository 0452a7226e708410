import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type TensorProto_DataType as DataType,
  type TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../proto/onnx_pb.ts";

/** A dimension's length, or the name of one that is free: where two have one name they are equal. */
export type Dimension = number | string;

/** A tensor that a graph takes or gives. */
export function valueInfo(name: string, elemType: DataType, dims: readonly Dimension[]): ValueInfoProto {
  const dim = dims.map(
    (length): MessageInitShape<typeof TensorShapeProto_DimensionSchema> => ({
      value:
        typeof length === "number" ? { case: "dimValue", value: BigInt(length) } : { case: "dimParam", value: length },
    }),
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } },
  });
}

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "../proto/onnx_pb.ts";
import type { Initializer } from "./graph-writer.ts";

/** A model whose constants are still to be read. */
export interface Unwritten {
  /** Everything but the graph. */
  readonly model: MessageInitShape<typeof ModelProtoSchema>;
  /** The graph without its constants. */
  readonly graph: GraphProto;
  readonly initializers: readonly Initializer[];
}

const GRAPH_OF_MODEL = 7;
const INITIALIZER_OF_GRAPH = 5;
const RAW_DATA_OF_TENSOR = 9;

/** The beginning of a field whose content, of a length, follows. */
const opening = (field: number, length: number) =>
  new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();

/** The file in pieces, one constant after the other, so that no more than one of them is in memory. */
export function* encode({ model, graph, initializers }: Unwritten): Generator<Uint8Array> {
  const head = toBinary(GraphProtoSchema, graph);
  const tensors = initializers.map((one) => {
    const { name, type, shape, byteLength } = one;
    const about = toBinary(
      TensorProtoSchema,
      create(TensorProtoSchema, { name, dataType: type, dims: shape.map(BigInt) }),
    );
    const raw = opening(RAW_DATA_OF_TENSOR, byteLength);
    const start = opening(INITIALIZER_OF_GRAPH, about.length + raw.length + byteLength);
    return { one, parts: [start, about, raw], length: start.length + about.length + raw.length + byteLength };
  });
  yield toBinary(ModelProtoSchema, create(ModelProtoSchema, model));
  yield opening(
    GRAPH_OF_MODEL,
    tensors.reduce((sum, { length }) => sum + length, head.length),
  );
  yield head;
  for (const { one, parts } of tensors) {
    yield* parts;
    yield one.bytes();
  }
}

/** How long the file is, in bytes. */
export function encodedLength(unwritten: Unwritten): number {
  let length = 0;
  const unread = unwritten.initializers.map((one) => ({ ...one, bytes: () => new Uint8Array(0) }));
  for (const piece of encode({ ...unwritten, initializers: unread })) length += piece.length;
  return unwritten.initializers.reduce((sum, { byteLength }) => sum + byteLength, length);
}

/** Smaller constants stay in the file: the runtime's shape inference looks at them. */
const LEAST_EXTERNAL = 1024;

/** A file that takes its large constants from another, `location`, and these piece by piece. */
export function encodeApart(
  { model, graph, initializers }: Unwritten,
  location: string,
): { file: Uint8Array; constants(): Generator<Uint8Array> } {
  const isLarge = ({ byteLength }: Initializer) => byteLength >= LEAST_EXTERNAL;
  let offset = 0;
  const initializer = initializers.map((one) => {
    const { name, type, shape, byteLength } = one;
    const about = { name, dataType: type, dims: shape.map(BigInt) };
    if (!isLarge(one)) return create(TensorProtoSchema, { ...about, rawData: one.bytes() });
    const externalData = Object.entries({ location, offset, length: byteLength }).map(([key, value]) => ({
      key,
      value: String(value),
    }));
    offset += byteLength;
    return create(TensorProtoSchema, { ...about, externalData, dataLocation: TensorProto_DataLocation.EXTERNAL });
  });
  const whole = create(ModelProtoSchema, { ...model, graph: { ...graph, initializer } });
  return {
    file: toBinary(ModelProtoSchema, whole),
    *constants() {
      for (const one of initializers) if (isLarge(one)) yield one.bytes();
    },
  };
}

import { create } from "@bufbuild/protobuf";
import { encodeFloat16, exceedsFloat16, FLOAT16_MAX } from "@seg/checkpoint/half";
import { OnnxError } from "../errors.ts";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  NodeProtoSchema,
} from "../proto/onnx_pb.ts";
import type { Unwritten } from "./encode.ts";
import { bytesOf } from "./graph-writer.ts";

/** Smaller constants are not worth it. */
const LEAST = 256;

/**
 * The same model with its float32 constants stored as float16 and cast back where the session is made.
 *
 * @throws {OnnxError} `option`, when it is written, for a constant with numbers beyond float16's.
 */
export function halved(unwritten: Unwritten): Unwritten {
  const casts = new Map<string, string>();
  const initializers = unwritten.initializers.map((one) => {
    if (one.type !== DataType.FLOAT || one.byteLength < LEAST) return one;
    const name = `${one.name}.half`;
    casts.set(name, one.name);
    const bytes = () => {
      const whole = one.bytes();
      const values = new Float32Array(whole.buffer, whole.byteOffset, whole.byteLength / 4);
      if (exceedsFloat16(values)) throw tooLarge(one.name);
      return bytesOf(encodeFloat16(values));
    };
    return { ...one, name, type: DataType.FLOAT16, byteLength: one.byteLength / 2, bytes };
  });
  const to = { name: "to", type: AttributeType.INT, i: BigInt(DataType.FLOAT) };
  const nodes = [...casts].map(([half, name]) =>
    create(NodeProtoSchema, { name: `${name}.cast`, opType: "Cast", input: [half], output: [name], attribute: [to] }),
  );
  const { graph } = unwritten;
  return { ...unwritten, graph: { ...graph, node: [...nodes, ...graph.node] }, initializers };
}

const tooLarge = (name: string) =>
  new OnnxError(
    "option",
    {
      expected: `numbers of at most ${FLOAT16_MAX} in ${name}`,
      received: "larger ones",
      hint: "write it without half",
    },
    { data: { option: "half", received: true } },
  );

import { create } from "@bufbuild/protobuf";
import type { LazyArray } from "@seg/layers/inference-graph";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type NodeProto,
  NodeProtoSchema,
} from "../proto/onnx_pb.ts";

/** A constant of a graph; its bytes are made when they are asked for. */
export interface Initializer {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  bytes(): Uint8Array;
}

/** Attributes of a node: whole numbers, lists of them, names; other numbers as `{ float }`. */
export type Attributes = Readonly<Record<string, number | readonly number[] | string | { float: number }>>;

/** Collects a graph's nodes and constants; a tensor is its name. */
export class GraphWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: Initializer[] = [];
  readonly #names = new Set<string>();
  readonly #shared = new Map<string, string>();
  /** What the nodes now written are called after. */
  #layer = "";

  /** Names what follows after a layer. */
  begin(layer: string): void {
    this.#layer = layer;
  }

  /** Adds a node of one output; gives the output's name, `name` if there is one. */
  add(opType: string, inputs: readonly string[], attributes: Attributes = {}, name?: string): string {
    const output = name ?? this.unique(`${this.#layer}/${opType}`);
    this.nodes.push(
      create(NodeProtoSchema, {
        name: `${output}.node`,
        opType,
        input: [...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
      }),
    );
    return output;
  }

  /** Adds a node once: gives the output of an equal one where there is one. */
  once(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#share(JSON.stringify([opType, inputs, attributes]), () => this.add(opType, inputs, attributes));
  }

  /** Whole numbers, int64; a vector unless another shape is given. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#share(JSON.stringify([values, shape]), () =>
      this.#constant("int64", DataType.INT64, shape, 8, () => BigInt64Array.from(values, BigInt)),
    );
  }

  /** Numbers, float32; a vector unless another shape is given. */
  floats(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#share(JSON.stringify(["float", values, shape]), () =>
      this.#constant("float", DataType.FLOAT, shape, 4, () => Float32Array.from(values)),
    );
  }

  /** A layer's weight, float32. */
  weight(kind: string, { shape, read }: LazyArray): string {
    return this.#constant(`${this.#layer}.${kind}`, DataType.FLOAT, shape, 4, read);
  }

  /** A name that nothing else has. */
  unique(name: string): string {
    let unique = name;
    for (let i = 1; this.#names.has(unique); i++) unique = `${name}_${i}`;
    this.#names.add(unique);
    return unique;
  }

  #share(key: string, make: () => string): string {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.#shared.set(key, name);
    return name;
  }

  #constant(name: string, type: DataType, shape: readonly number[], size: number, read: () => ArrayBufferView): string {
    const unique = this.unique(name);
    const byteLength = size * shape.reduce((a, b) => a * b, 1);
    this.initializers.push({ name: unique, type, shape, byteLength, bytes: () => bytesOf(read()) });
    return unique;
  }
}

/** An array's memory, byte for byte. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function attributeOf(name: string, value: Attributes[string]): AttributeProto {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === "string") {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if ("float" in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

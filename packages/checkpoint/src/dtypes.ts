/** Element types, by PyTorch's names. */
export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/**
 * A tensor's values; `int64` comes as a `BigInt64Array`, `uint64` as a `BigUint64Array`, `bool` as 0 and 1 in a `Uint8Array`, half precision
 * as a `Float32Array`.
 */
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

interface DTypeInfo {
  /** Bytes of one element. */
  readonly bytes: number;
  /** The typed array over the stored bits; half-precision ones are 16-bit patterns. */
  readonly array: new (
    buffer: ArrayBuffer,
    byteOffset: number,
    length: number,
  ) => TensorData;
  /** The name in a safetensors header. */
  readonly safetensors: string;
  /** The storage class in PyTorch's pickles; types that have none of their own lie in an untyped one. */
  readonly storage?: string;
}

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  float64: { bytes: 8, array: Float64Array, safetensors: "F64", storage: "DoubleStorage" },
  float32: { bytes: 4, array: Float32Array, safetensors: "F32", storage: "FloatStorage" },
  float16: { bytes: 2, array: Uint16Array, safetensors: "F16", storage: "HalfStorage" },
  bfloat16: { bytes: 2, array: Uint16Array, safetensors: "BF16", storage: "BFloat16Storage" },
  int64: { bytes: 8, array: BigInt64Array, safetensors: "I64", storage: "LongStorage" },
  int32: { bytes: 4, array: Int32Array, safetensors: "I32", storage: "IntStorage" },
  int16: { bytes: 2, array: Int16Array, safetensors: "I16", storage: "ShortStorage" },
  int8: { bytes: 1, array: Int8Array, safetensors: "I8", storage: "CharStorage" },
  uint64: { bytes: 8, array: BigUint64Array, safetensors: "U64" },
  uint32: { bytes: 4, array: Uint32Array, safetensors: "U32" },
  uint16: { bytes: 2, array: Uint16Array, safetensors: "U16" },
  uint8: { bytes: 1, array: Uint8Array, safetensors: "U8", storage: "ByteStorage" },
  bool: { bytes: 1, array: Uint8Array, safetensors: "BOOL", storage: "BoolStorage" },
};

/** All of their names. */
export const DTYPE_NAMES = Object.keys(DTYPES) as DType[];

/** The element type by its safetensors name. */
export function dtypeNamed(safetensors: string): DType | undefined {
  return DTYPE_NAMES.find((dtype) => DTYPES[dtype].safetensors === safetensors);
}

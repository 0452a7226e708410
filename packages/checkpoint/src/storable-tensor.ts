import type { DType, TensorData } from "./dtypes.ts";
import { encodeFloat16, exceedsFloat16 } from "./half.ts";
import type { WritableTensor } from "./writable-tensor.ts";

/** The types that floating-point tensors may be stored in, whatever they were. */
export type FloatType = "float32" | "float16";

/** A tensor as a file is to hold it. */
export interface StorableTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Reads and converts the values, lazily. */
  readonly data: () => TensorData;
}

/** A tensor in the wanted type, if it holds floats that this type can hold. */
export function storable(tensor: WritableTensor, wanted: FloatType | undefined): StorableTensor {
  const { name, shape, dtype, data } = tensor;
  const float = dtype === "float32" || dtype === "float64";
  const to = !float || !wanted || (wanted === "float16" && exceedsFloat16(data() as Float32Array)) ? dtype : wanted;
  const target = float && wanted && to === "float64" ? "float32" : to;
  const values = (): TensorData => {
    if (target === dtype) return data();
    return target === "float16" ? encodeFloat16(data() as Float32Array) : Float32Array.from(data() as Float64Array);
  };
  return { name, shape, dtype: target, data: values };
}

import { DTYPES, type DType, type TensorData } from "./dtypes.ts";
import { CheckpointError, quote } from "./errors.ts";
import { elementCount } from "./strides.ts";
import type { NamedTensor, StateDict } from "./tensor.ts";

/** Input of the writers: a state dict, or its tensors; names must be unique. */
export type Tensors = StateDict | Iterable<NamedTensor>;

/** A tensor ready to be written. */
export interface WritableTensor {
  readonly name: string;
  /** The element type of `data`, which is never half precision. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Reads the values, lazily. */
  readonly data: () => TensorData;
}

/**
 * Checks tensors before anything is written.
 *
 * @throws {CheckpointError} `mismatch` where two names are equal, or values do not fit the shape or the type.
 */
export function writableTensors(path: string, tensors: Tensors): WritableTensor[] {
  const seen = new Set<string>();
  const list = tensors instanceof Map ? (tensors as StateDict).values() : (tensors as Iterable<NamedTensor>);
  return [...list].map((tensor) => {
    const { name, shape } = tensor;
    // Half precision is read as float32.
    const dtype = tensor.dtype === "float16" || tensor.dtype === "bfloat16" ? "float32" : tensor.dtype;
    if (seen.has(name))
      throw new CheckpointError("mismatch", `${path}: two tensors are called ${quote(name)}: rename one.`, {
        data: { file: path, tensor: name },
      });
    seen.add(name);
    const data = (): TensorData => {
      const values = tensor.data;
      if (!(values instanceof DTYPES[dtype].array) || values.length !== elementCount(shape)) {
        throw new CheckpointError(
          "mismatch",
          `${path}: expected ${elementCount(shape)} values of ${dtype} for ${quote(name)} of shape [${shape.join(", ")}] ` +
            `but received ${values.length} in a ${values.constructor.name}: make dtype, shape and data agree.`,
          {
            data: {
              file: path,
              tensor: name,
              expected: { count: elementCount(shape), dtype },
              received: { count: values.length, array: values.constructor.name },
            },
          },
        );
      }
      return values;
    };
    return { name, dtype, shape, data };
  });
}

/** The bytes of a typed array, not copied. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

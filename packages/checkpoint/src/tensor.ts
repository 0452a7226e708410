import { DTYPES, type DType, type TensorData } from "./dtypes.ts";
import { CheckpointError, quote } from "./errors.ts";
import { decodeBfloat16, decodeFloat16 } from "./half.ts";
import { elementCount, gather, isContiguous } from "./strides.ts";

/** A tensor with its name, in PyTorch's layout (convolution filters OIHW). */
export interface NamedTensor {
  /** Its name in the state dict, `layer1.0.conv1.weight`. */
  readonly name: string;
  /** The stored element type; the values of `float16` and `bfloat16` come as float32. */
  readonly dtype: DType;
  /** Sizes of the axes; `[]` for a scalar. */
  readonly shape: readonly number[];
  /**
   * The values in row-major order. Of a tensor from a file it may be a view of memory that others share, or a new copy at each access:
   * take it once, and copy it before writing to it.
   */
  readonly data: TensorData;
}

/** Tensors by name, in the file's order. */
export type StateDict = ReadonlyMap<string, NamedTensor>;

/** A tensor's strided view of its storage; all in elements, not bytes. */
export interface View {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  /** Whether the values are those that are stored with the sign turned around: PyTorch's imaginary part of a conjugate is such a view. */
  readonly negated?: boolean;
}

// A tensor that repeats elements (stride 0, as of `expand`) takes more memory than its file; up to this many elements.
const MAX_EXPANDED = 2 ** 20;
/** The most axes that a tensor may have. */
export const MAX_RANK = 32;
/** The most characters of a tensor's name; those of networks have some 60. */
export const MAX_NAME = 1024;

/** Whether a tensor may be called so. */
export const isName = (name: string): boolean => name.length <= MAX_NAME;

/** @throws {CheckpointError} `unsupported` for a name of a length that none has. */
export function checkName(name: string): void {
  if (isName(name)) return;
  throw new CheckpointError(
    "unsupported",
    `a name in it has more than ${MAX_NAME} characters (${quote(name)}): rename it in Python`,
  );
}

/** @throws {CheckpointError} `corrupt` unless every element of the view lies in a storage of `length` elements. */
export function checkView(name: string, view: View, length: number): void {
  const { shape, strides, offset } = view;
  const natural = [...shape, ...strides, offset].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!natural || shape.length !== strides.length || shape.length > MAX_RANK) {
    throw new CheckpointError("corrupt", `${quote(name)} has no valid shape and strides: get the file anew`, {
      data: { tensor: name },
    });
  }
  const count = elementCount(shape);
  if (count === 0) return;
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  if (!(last < length)) {
    throw new CheckpointError(
      "corrupt",
      `${quote(name)} reaches to element ${last} of a storage of ${length}: get the file anew`,
      { data: { tensor: name } },
    );
  }
  if (!(count <= Math.max(length, MAX_EXPANDED))) {
    throw new CheckpointError(
      "unsupported",
      `${quote(name)} repeats ${length} stored elements to ${count}: save it in Python as tensor.contiguous()`,
      { data: { tensor: name } },
    );
  }
}

// A storage is in a file once and may be many tensors': layers that share it, its transpose, its parts.
const MAX_SHARING = 64;
// A small file may have some masks that are one element.
const MAX_REPEATED = 2 ** 24;

/** @throws {CheckpointError} `unsupported` where the tensors have far more bytes in all than the file of `size` bytes. */
export function checkExpansion(tensors: Iterable<StoredTensor>, size: number): void {
  let total = 0;
  for (const { dtype, shape } of tensors) total += elementCount(shape) * DTYPES[dtype].bytes;
  if (total <= MAX_SHARING * size + MAX_REPEATED) return;
  throw new CheckpointError(
    "unsupported",
    `its ${size} bytes are repeated to tensors of ${total}: save each in Python as tensor.contiguous()`,
  );
}

/** A tensor over the bytes of a storage that has been read; the view has been checked. */
export class StoredTensor implements NamedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly #buffer: ArrayBuffer;
  readonly #view: View;

  constructor(name: string, dtype: DType, view: View, buffer: ArrayBuffer) {
    this.name = name;
    this.dtype = dtype;
    this.shape = view.shape;
    this.#view = view;
    this.#buffer = buffer;
  }

  /** The same tensor under another name. */
  named(name: string): StoredTensor {
    return new StoredTensor(name, this.dtype, this.#view, this.#buffer);
  }

  get data(): TensorData {
    const values = this.#decoded();
    return this.#view.negated ? negated(values) : values;
  }

  #decoded(): TensorData {
    const stored = this.#stored();
    if (this.dtype === "float16") return decodeFloat16(stored as Uint16Array);
    if (this.dtype === "bfloat16") return decodeBfloat16(stored as Uint16Array);
    // As PyTorch takes them.
    if (this.dtype === "bool" && stored.some((value) => value > 1)) {
      return (stored as Uint8Array).map((value) => (value === 0 ? 0 : 1));
    }
    return stored;
  }

  #stored(): TensorData {
    const { bytes, array } = DTYPES[this.dtype];
    const { shape, strides, offset } = this.#view;
    const count = elementCount(shape);
    if (count === 0) return new array(new ArrayBuffer(0), 0, 0);
    if (isContiguous(shape, strides)) return new array(this.#buffer, offset * bytes, count);
    const whole = new array(this.#buffer, 0, Math.floor(this.#buffer.byteLength / bytes));
    const target = new array(new ArrayBuffer(count * bytes), 0, count);
    return gather<number | bigint, TensorData>(whole, target, shape, strides, offset);
  }
}

const negated = (values: TensorData): TensorData =>
  values instanceof BigInt64Array || values instanceof BigUint64Array
    ? values.map((value) => -value)
    : values.map((value) => -value);

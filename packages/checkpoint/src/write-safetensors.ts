import type { FileHandle } from "node:fs/promises";
import { writeFileAtomic } from "@seg/node";
import { DTYPES, type StoredData, type TensorData } from "./dtypes.ts";
import { refuseUnknown } from "./errors.ts";
import { encodeFloat16, FLOAT16_MAX } from "./half.ts";
import { elementCount } from "./strides.ts";
import { bytesOf, type Tensors, type WritableTensor, writableTensors } from "./writable-tensor.ts";

/** Options of `writeSafetensors`. */
export interface SafetensorsOptions {
  /**
   * The type to store floating-point tensors in; as they are, if left out. `float16` halves the file; a tensor with a finite
   * value beyond ±65504 stays float32. Integers always stay as they are.
   */
  dtype?: "float32" | "float16";
  /** The file's `__metadata__`: strings by key. */
  metadata?: Readonly<Record<string, string>>;
}

const OPTIONS = ["dtype", "metadata"] satisfies (keyof SafetensorsOptions)[];

interface Stored {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: string;
  readonly bytes: number;
  readonly data: () => StoredData;
}

/**
 * Writes tensors as safetensors, atomically: a reader of `path` sees the old file or the whole new one.
 *
 * @param path - The file; its folder must exist.
 * @param tensors - A state dict or its tensors. Half-precision ones are written as float32 unless `dtype` says otherwise.
 * @param options - See `SafetensorsOptions`.
 * @throws {CheckpointError} `mismatch` where a tensor's data do not fit its shape, or two have one name; `option` for an option that there is not.
 * @throws {FileError} `unwritable`.
 * @see The safetensors format's description.
 */
export async function writeSafetensors(
  path: string,
  tensors: Tensors,
  options: SafetensorsOptions = {},
): Promise<void> {
  refuseUnknown(options, OPTIONS, "the options of writeSafetensors");
  const { dtype, metadata } = options;
  // Wide elements first, so that each tensor is aligned to its element's size.
  const stored = writableTensors(path, tensors)
    .map((tensor) => convert(tensor, dtype))
    .sort((a, b) => elementBytes(b) - elementBytes(a));
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let at = 0;
  for (const { name, type, shape, bytes } of stored) {
    header[name] = { dtype: type, shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Spaces pad the header, so that the tensors are aligned to 8 bytes.
  const head = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, " ");
  head.writeBigUInt64LE(BigInt(head.length - 8));
  head.set(json, 8);

  const write = async (file: FileHandle) => {
    await file.writeFile(head);
    for (const { data } of stored) await file.writeFile(bytesOf(data()));
  };
  await writeFileAtomic(path, write, { makeFolder: false, flush: true });
}

const elementBytes = ({ bytes, shape }: Stored): number => bytes / Math.max(1, elementCount(shape));

function convert(tensor: WritableTensor, wanted: SafetensorsOptions["dtype"]): Stored {
  const { name, shape, dtype, data } = tensor;
  const float = dtype === "float32" || dtype === "float64";
  const to = !float || !wanted || (wanted === "float16" && overflows(data())) ? dtype : wanted;
  const target = float && wanted && to === "float64" ? "float32" : to;
  const values = (): StoredData => {
    if (target === dtype) return data();
    return target === "float16" ? encodeFloat16(data() as Float32Array) : Float32Array.from(data() as Float64Array);
  };
  const { safetensors: type, bytes } = DTYPES[target];
  return { name, shape, type, bytes: elementCount(shape) * bytes, data: values };
}

function overflows(data: TensorData): boolean {
  return (data as Float32Array).some((value) => Math.abs(value) > FLOAT16_MAX && Number.isFinite(value));
}

import type { FileHandle } from "node:fs/promises";
import { writeFileAtomic } from "@seg/node";
import { DTYPES } from "./dtypes.ts";
import { CheckpointError, refuseUnknown } from "./errors.ts";
import { type FloatType, type StorableTensor, storable } from "./storable-tensor.ts";
import { elementCount } from "./strides.ts";
import { bytesOf, type Tensors, writableTensors } from "./writable-tensor.ts";

/** Options of `writeSafetensors`. */
export interface SafetensorsOptions {
  /**
   * The type to store floating-point tensors in; as they are, if left out. `float16` halves the file; a tensor with a finite
   * value beyond ±65504 stays float32. Integers always stay as they are.
   */
  dtype?: FloatType;
  /** The file's `__metadata__`: strings by key. */
  metadata?: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";

const OPTIONS = ["dtype", "metadata"] satisfies (keyof SafetensorsOptions)[];

/**
 * Writes tensors as safetensors, atomically: a reader of `path` sees the old file or the whole new one.
 *
 * @param path - The file; its folder must exist.
 * @param tensors - A state dict or its tensors. Half-precision ones are written as float32 unless `dtype` says otherwise.
 * @param options - See `SafetensorsOptions`.
 * @throws {CheckpointError} `mismatch` where a tensor's data do not fit its shape, or two have one name; `option` for an option that there is not.
 * @throws {FileError} `unwritable`.
 * @see The safetensors format's description.
 *
 * @example
 * ```ts
 * import { readCheckpoint, writeSafetensors } from "@seg/checkpoint";
 *
 * const bias = { name: "bias", dtype: "float32" as const, shape: [1], data: new Float32Array([3]) };
 * await writeSafetensors("with-notes.safetensors", [bias], { metadata: { epoch: "7" } });
 * console.log((await readCheckpoint("with-notes.safetensors")).metadata); // { epoch: '7' }
 * ```
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
    .map((tensor) => storable(tensor, dtype))
    .sort((a, b) => elementBytes(b) - elementBytes(a));
  const reserved = stored.find(({ name }) => name === METADATA);
  if (reserved) {
    throw new CheckpointError("mismatch", `${path}: no tensor can be called ${METADATA} in safetensors: rename it.`, {
      data: { file: path, tensor: METADATA },
    });
  }
  const header: [string, unknown][] = metadata ? [[METADATA, metadata]] : [];
  let at = 0;
  for (const { name, dtype: type, shape } of stored) {
    const end = at + elementCount(shape) * DTYPES[type].bytes;
    header.push([name, { dtype: DTYPES[type].safetensors, shape, data_offsets: [at, end] }]);
    at = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
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

const elementBytes = ({ dtype }: StorableTensor): number => DTYPES[dtype].bytes;

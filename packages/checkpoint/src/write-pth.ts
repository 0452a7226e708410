import type { FileHandle } from "node:fs/promises";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { writeFileAtomic } from "@seg/node";
import yazl from "yazl";
import { DTYPES } from "./dtypes.ts";
import { refuseUnknown } from "./errors.ts";
import { PickleWriter } from "./pickle-writer.ts";
import { type FloatType, type StorableTensor, storable } from "./storable-tensor.ts";
import { elementCount, rowMajorStrides } from "./strides.ts";
import { bytesOf, type Tensors, writableTensors } from "./writable-tensor.ts";

/** Options of `writePth`. */
export interface PthOptions {
  /**
   * The type to store floating-point tensors in; as they are, if left out. `float16` halves the file; a tensor with a finite
   * value beyond ±65504 stays float32. Integers always stay as they are.
   */
  dtype?: FloatType;
}

const OPTIONS = ["dtype"] satisfies (keyof PthOptions)[];

/**
 * Writes tensors as a `.pth` file in PyTorch's zip format, atomically: readers of `path` see the old file or the whole new one.
 * `torch.load(path, weights_only=True)` gives an OrderedDict of contiguous tensors. Equal tensors give equal files.
 *
 * @param path - The file; its folder must exist.
 * @param tensors - A state dict or its tensors. Half-precision ones are written as float32 unless `dtype` says otherwise.
 * @param options - See `PthOptions`.
 * @throws {CheckpointError} `mismatch` where a tensor's data do not fit its shape, or two have one name; `option` for an option that there is not.
 * @throws {FileError} `unwritable`.
 * @see PyTorch's torch/serialization.py.
 *
 * @example
 * ```ts
 * import { readCheckpoint, writePth } from "@seg/checkpoint";
 *
 * await writePth("bias.pth", [{ name: "bias", dtype: "float32", shape: [1], data: new Float32Array([3]) }]);
 * console.log((await readCheckpoint("bias.pth")).format); // pth-zip
 * ```
 */
export async function writePth(path: string, tensors: Tensors, options: PthOptions = {}): Promise<void> {
  refuseUnknown(options, OPTIONS, "the options of writePth");
  const list = writableTensors(path, tensors).map((tensor) => storable(tensor, options.dtype));
  const write = async (file: FileHandle) => {
    const zip = new yazl.ZipFile();
    const failed = new Promise<never>((_, reject) => zip.on("error", reject));
    // Neither compressed nor dated, as by torch.save; in PyTorch's order, as its reader takes the folder's name from the first entry.
    const entry = { compress: false, mtime: new Date(1980, 0, 1), forceDosTimestamp: true };
    const add = (name: string, { buffer, byteOffset, byteLength }: Uint8Array) =>
      zip.addBuffer(Buffer.from(buffer, byteOffset, byteLength), `archive/${name}`, entry);
    add("data.pkl", pickle(list));
    add("byteorder", Buffer.from("little"));
    list.forEach((tensor, key) => {
      add(`data/${key}`, bytesOf(tensor.data()));
    });
    add("version", Buffer.from("3\n"));
    zip.end();
    const sink = new Writable({
      write: (chunk: Buffer, _, done) => void file.writeFile(chunk).then(() => done(), done),
    });
    // Piped, not iterated: iterating would concatenate buffered chunks into one more copy.
    await Promise.race([pipeline(zip.outputStream, sink), failed]);
  };
  await writeFileAtomic(path, write, { makeFolder: false, flush: true });
}

function pickle(tensors: readonly StorableTensor[]): Buffer {
  const writer = new PickleWriter();
  const orderedDict = () => writer.global("collections", "OrderedDict").op(")R");
  orderedDict().op("(");
  tensors.forEach(({ name, dtype, shape }, key) => {
    const { storage, bytes } = DTYPES[dtype];
    const count = elementCount(shape);
    writer
      .string(name)
      .global("torch._utils", storage ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3")
      .op("((");
    writer.string("storage");
    if (storage) writer.global("torch", storage);
    else writer.global("torch.storage", "UntypedStorage");
    writer.string(String(key)).string("cpu");
    writer
      .integer(storage ? count : count * bytes)
      .op("tQ")
      .integer(0);
    // requires_grad is false, and there are no hooks.
    writer.integers(shape).integers(rowMajorStrides(shape)).op("\x89");
    orderedDict();
    // A type without a storage class of its own is told here.
    if (!storage) writer.global("torch", dtype);
    writer.op("tR");
  });
  return writer.op("u").end();
}

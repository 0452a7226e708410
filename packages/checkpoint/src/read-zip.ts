import type { ByteFile } from "./byte-file.ts";
import { Cursor } from "./cursor.ts";
import { CheckpointError, quote } from "./errors.ts";
import type { TensorRef } from "./pickle-globals.ts";
import type { ReadContents } from "./read-checkpoint.ts";
import { swapBytes } from "./swap-bytes.ts";
import { StoredTensor } from "./tensor.ts";
import { MAX_PICKLE, unpickle } from "./unpickle.ts";
import { contentsOf } from "./unwrap-state-dict.ts";
import { ZipArchive } from "./zip-archive.ts";

// torch.save compresses nothing. A file that another program has compressed may inflate to this much more than its own size.
const MAX_INFLATED = 2 ** 27;

/** Reads PyTorch's format of today: a zip file of a pickle and the storages. */
export async function readZip(file: ByteFile): Promise<ReadContents> {
  const archive = await ZipArchive.open(file);
  const pickle = archive.names.find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new CheckpointError("unsupported", "it is a zip file, but not one that torch.save wrote: it has no data.pkl");
  }
  const folder = pickle.slice(0, -"data.pkl".length);
  if (archive.sizeOf(`${folder}constants.pkl`) !== undefined) {
    throw new CheckpointError("unsupported", "it is a TorchScript program: save model.state_dict() with torch.save");
  }
  const order = await readSmall(archive, `${folder}byteorder`, 64);
  const bigEndian = order?.toString("latin1").trim() === "big";
  const bytes = (await readSmall(archive, pickle, MAX_PICKLE))!;
  const source = {
    size: bytes.length,
    readSync: (target: Uint8Array, position: number) =>
      void target.set(bytes.subarray(position, position + target.length)),
  };
  const { tensors, skipped } = contentsOf(unpickle(new Cursor(source, 0, MAX_PICKLE)).value);
  const buffers = await readStorages(file, archive, { folder, bigEndian }, tensors);
  const list = [...tensors].map(
    ([name, tensor]) => new StoredTensor(name, tensor.dtype, tensor.viewOfStorage, buffers.get(tensor.storage.key)!),
  );
  return { tensors: list, skipped };
}

async function readSmall(archive: ZipArchive, name: string, limit: number): Promise<Buffer | undefined> {
  const size = archive.sizeOf(name);
  if (size === undefined) return undefined;
  if (size > limit) {
    throw new CheckpointError(
      "unsupported",
      `its entry ${quote(name)} is larger than in any state dict: save only tensors`,
    );
  }
  return Buffer.from(await archive.read(name));
}

async function readStorages(
  file: ByteFile,
  archive: ZipArchive,
  { folder, bigEndian }: { folder: string; bigEndian: boolean },
  tensors: ReadonlyMap<string, TensorRef>,
): Promise<Map<string, ArrayBuffer>> {
  const buffers = new Map<string, ArrayBuffer>();
  let stored = 0;
  let inflated = 0;
  for (const [name, tensor] of tensors) {
    const { storage } = tensor;
    const entry = `${folder}data/${storage.key}`;
    const size = archive.sizeOf(entry);
    if (size === undefined || size < storage.bytes) {
      throw new CheckpointError("corrupt", `the elements of ${quote(name)} are missing: get the file anew`);
    }
    if (buffers.has(storage.key)) continue;
    if (archive.isCompressed(entry)) inflated += size;
    else stored += size;
    if (stored > file.size) {
      throw new CheckpointError("corrupt", "its entries overlap: get the file anew");
    }
    if (stored + inflated > file.size + MAX_INFLATED) {
      throw new CheckpointError(
        "unsupported",
        "it unpacks to far more than its size: unzip it and zip it without packing",
      );
    }
    const buffer = await archive.read(entry);
    if (bigEndian) swapBytes(buffer, tensor);
    buffers.set(storage.key, buffer);
  }
  return buffers;
}

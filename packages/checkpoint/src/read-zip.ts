import { ByteArrayFile, type ByteFile } from "./byte-source.ts";
import { latin1 } from "./bytes.ts";
import { Cursor } from "./cursor.ts";
import { CheckpointError, quote } from "./errors.ts";
import { Budget, beyondLimits, type Limits } from "./limits.ts";
import type { TensorRef } from "./pickle-globals.ts";
import type { ReadContents } from "./read-checkpoint.ts";
import { swapBytes } from "./swap-bytes.ts";
import { StoredTensor } from "./tensor.ts";
import { unpickle } from "./unpickle.ts";
import { contentsOf } from "./unwrap-state-dict.ts";
import { ZipArchive } from "./zip-archive.ts";

// torch.save compresses nothing. A file that another program has compressed may inflate to this much more than its own size.
const MAX_INFLATED = 2 ** 26;
// A pickle repeats itself, but not without end.
const MAX_RATIO = 100;

/** Reads PyTorch's format of today: a zip file of a pickle and the storages. */
export async function readZip(file: ByteFile, limits: Limits): Promise<ReadContents> {
  const archive = await ZipArchive.open(file, limits.directory);
  const [pickle, another] = archive.names.filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new CheckpointError("unsupported", "it is a zip file, but not one that torch.save wrote: it has no data.pkl");
  }
  if (another !== undefined) {
    throw new CheckpointError("corrupt", `it has two pickles (${quote(pickle)}, ${quote(another)}): get the file anew`);
  }
  const folder = pickle.slice(0, -"data.pkl".length);
  if (archive.sizeOf(`${folder}constants.pkl`) !== undefined) {
    throw new CheckpointError("unsupported", "it is a TorchScript program: save model.state_dict() with torch.save");
  }
  const order = await readSmall(archive, `${folder}byteorder`, 64);
  const bigEndian = (order && latin1(order).trim()) === "big";
  const bytes = (await readSmall(archive, pickle, limits.pickle))!;
  const { tensors, skipped } = contentsOf(unpickleWhole(bytes, limits), limits);
  const buffers = await readStorages(file, archive, { folder, bigEndian }, tensors);
  await archive.checkRest();
  const list = [...tensors].map(
    ([name, tensor]) => new StoredTensor(name, tensor.dtype, tensor.viewOfStorage, buffers.get(tensor.storage.key)!),
  );
  return { tensors: list, skipped };
}

function unpickleWhole(bytes: Uint8Array, limits: Limits): unknown {
  const cursor = new Cursor(new ByteArrayFile(bytes), 0, bytes.length);
  const { value } = unpickle(cursor, new Budget(limits));
  if (cursor.position < bytes.length)
    throw new CheckpointError("corrupt", "bytes follow its pickle: get the file anew");
  return value;
}

async function readSmall(archive: ZipArchive, name: string, limit: number): Promise<Uint8Array | undefined> {
  const size = archive.sizeOf(name);
  if (size === undefined) return undefined;
  if (size > limit) throw beyondLimits(`its entry ${quote(name)} is larger`);
  if (size > 2 ** 20 && size > MAX_RATIO * archive.packedSizeOf(name)!) throw unpacksTooFar();
  return new Uint8Array(await archive.read(name));
}

const unpacksTooFar = () =>
  new CheckpointError("unsupported", "it unpacks to far more than its size: unzip it and zip it without packing");

async function readStorages(
  file: ByteFile,
  archive: ZipArchive,
  { folder, bigEndian }: { folder: string; bigEndian: boolean },
  tensors: ReadonlyMap<string, TensorRef>,
): Promise<Map<string, ArrayBuffer>> {
  const buffers = new Map<string, ArrayBuffer>();
  let total = 0;
  for (const [name, { storage }] of tensors) {
    const size = archive.sizeOf(`${folder}data/${storage.key}`);
    if (size === undefined || size < storage.bytes) {
      throw new CheckpointError("corrupt", `the elements of ${quote(name)} are missing: get the file anew`);
    }
    // An untyped storage may end within an element.
    if (size - storage.bytes >= storage.type.bytes) {
      throw new CheckpointError("corrupt", `the storage of ${quote(name)} has bytes too many: get the file anew`);
    }
  }
  for (const tensor of tensors.values()) {
    const { key } = tensor.storage;
    if (buffers.has(key)) continue;
    const entry = `${folder}data/${key}`;
    total += archive.sizeOf(entry)!;
    if (total > file.size + MAX_INFLATED) throw unpacksTooFar();
    const buffer = await archive.read(entry);
    if (bigEndian) swapBytes(buffer, tensor);
    buffers.set(key, buffer);
  }
  return buffers;
}

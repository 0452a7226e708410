import type { ByteFile } from "./byte-file.ts";
import { Cursor } from "./cursor.ts";
import { DTYPES } from "./dtypes.ts";
import { CheckpointError, quote } from "./errors.ts";
import type { StorageRef } from "./pickle-globals.ts";
import { StoredTensor } from "./tensor.ts";
import { MAX_PICKLE, unpickle } from "./unpickle.ts";
import { tensorsOf } from "./unwrap-state-dict.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

const malformed = (what: string) => new CheckpointError("corrupt", `${what}: get the file anew`);

/**
 * Reads PyTorch's format of 2018: pickles of a magic number, the protocol, the machine's traits, the object and its storages'
 * keys, then each storage as an element count and its elements.
 */
export async function readLegacy(file: ByteFile): Promise<StoredTensor[]> {
  const cursor = new Cursor(file, 0, MAX_PICKLE);
  if (unpickle(cursor).value !== MAGIC) {
    throw new CheckpointError(
      "unsupported",
      "it is a pickle, but not one that torch.save wrote: save it in Python with torch.save(model.state_dict(), path)",
    );
  }
  const protocol = unpickle(cursor).value;
  if (protocol !== PROTOCOL)
    throw malformed(`it names protocol ${String(protocol)}, where ${PROTOCOL} is the only one`);
  const traits = unpickle(cursor).value;
  if (traits instanceof Map && traits.get("little_endian") === false) {
    throw new CheckpointError("unsupported", "it was written on a big-endian machine: save it again on a common one");
  }
  const { value: root, storages } = unpickle(cursor);
  const keys = unpickle(cursor).value;
  if (!Array.isArray(keys)) throw malformed("its list of storages is missing");

  const tensors = tensorsOf(root);
  const needed = new Set([...tensors.values()].map((tensor) => tensor.storage.key));
  const buffers = await readStorages(file, cursor.position, keys, storages, needed);
  return [...tensors].map(([name, { storage, view }]) => {
    const buffer = buffers.get(storage.key);
    if (!buffer) throw malformed(`the elements of ${quote(name)} are missing`);
    return new StoredTensor(name, storage.dtype, { ...view, offset: view.offset + storage.start }, buffer);
  });
}

async function readStorages(
  file: ByteFile,
  start: number,
  keys: readonly unknown[],
  storages: readonly StorageRef[],
  needed: Set<string>,
): Promise<Map<string, ArrayBuffer>> {
  const known = new Map<unknown, StorageRef>();
  for (const storage of storages) {
    const { dtype, count } = known.get(storage.key) ?? storage;
    if (dtype !== storage.dtype || count !== storage.count) throw malformed("it describes one storage in two ways");
    known.set(storage.key, storage);
  }
  const buffers = new Map<string, ArrayBuffer>();
  const count = Buffer.alloc(8);
  let position = start;
  for (const key of keys) {
    if (buffers.size === needed.size) break;
    const storage = known.get(key);
    if (!storage || buffers.has(storage.key)) throw malformed("its list of storages does not fit its tensors");
    file.readSync(count, position);
    if (count.readBigInt64LE() !== BigInt(storage.count)) throw malformed("a storage's size is not the one announced");
    position += 8;
    const bytes = storage.count * DTYPES[storage.dtype].bytes;
    if (needed.has(storage.key)) {
      buffers.set(storage.key, await file.readBytes(position, bytes));
    }
    position += bytes;
  }
  return buffers;
}

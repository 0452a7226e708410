import { type ByteFile, bytesAt, NotReady } from "./byte-source.ts";
import { u64 } from "./bytes.ts";
import { Cursor } from "./cursor.ts";
import { CheckpointError, quote } from "./errors.ts";
import { Budget, type Limits } from "./limits.ts";
import { Opaque, refusal } from "./opaque.ts";
import type { StorageRef } from "./pickle-globals.ts";
import type { ReadContents } from "./read-checkpoint.ts";
import { StoredTensor } from "./tensor.ts";
import { unpickle } from "./unpickle.ts";
import { contentsOf } from "./unwrap-state-dict.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

const malformed = (what: string) => new CheckpointError("corrupt", `${what}: get the file anew`);

/**
 * Reads PyTorch's format of 2018: pickles of a magic number, the protocol, the machine's traits, the object and its storages'
 * keys, then each storage as an element count and its elements.
 */
export async function readLegacy(file: ByteFile, limits: Limits): Promise<ReadContents> {
  const { root, storages, unread, keys, end } = await parseBeginning(file, () => readPickles(file, limits));
  const { tensors, skipped } = contentsOf(root, limits);
  const needed = new Set([...tensors.values()].map((tensor) => tensor.storage.key));
  const buffers = await readStorages(file, end, { keys, storages, unread, needed });
  const list = [...tensors].map(([name, tensor]) => {
    const buffer = buffers.get(tensor.storage.key);
    if (!buffer) throw malformed(`the elements of ${quote(name)} are missing`);
    return new StoredTensor(name, tensor.dtype, tensor.viewOfStorage, buffer);
  });
  return { tensors: list, skipped };
}

/** Bytes that are made ready before anybody knows how many are needed. */
const AHEAD = 2 ** 18;

/** Parses what a file begins with; where more of it turns out to be needed than is ready, that is made ready, and all is parsed anew. */
async function parseBeginning<T>(file: ByteFile, parse: () => T): Promise<T> {
  for (let ahead = AHEAD; ; ahead *= 4) {
    await file.ready(0, Math.min(ahead, file.size));
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof NotReady)) throw error;
    }
  }
}

function readPickles(file: ByteFile, limits: Limits) {
  const cursor = new Cursor(file, 0, limits.pickle);
  const budget = new Budget(limits);
  const magic = unpickle(cursor, budget).value;
  if (magic instanceof Opaque) throw refusal(magic);
  if (magic !== MAGIC) {
    throw new CheckpointError(
      "unsupported",
      "it is a pickle, but not one that torch.save wrote: save it in Python with torch.save(model.state_dict(), path)",
    );
  }
  const protocol = unpickle(cursor, budget).value;
  if (protocol !== PROTOCOL) {
    const named = typeof protocol === "number" ? `protocol ${protocol}` : "no protocol";
    throw malformed(`it names ${named}, where ${PROTOCOL} is the only one`);
  }
  // The machine's traits: PyTorch writes these files little-endian on every machine, whatever they say.
  unpickle(cursor, budget);
  const { value: root, storages, unread } = unpickle(cursor, budget);
  const keys = unpickle(cursor, budget).value;
  if (!Array.isArray(keys)) throw malformed("its list of storages is missing");
  return { root, storages, unread, keys: keys as readonly unknown[], end: cursor.position };
}

async function readStorages(
  file: ByteFile,
  start: number,
  listed: {
    keys: readonly unknown[];
    storages: readonly StorageRef[];
    /** Keys of storages of unknown classes. */
    unread: ReadonlySet<string>;
    /** Keys of storages that tensors need. */
    needed: ReadonlySet<string>;
  },
): Promise<Map<string, ArrayBuffer>> {
  const { keys, storages, unread, needed } = listed;
  const known = new Map<unknown, StorageRef>();
  for (const storage of storages) {
    // The same bytes may be of several types; the first one counts them in the file.
    const first = known.get(storage.key) ?? storage;
    if (first.bytes !== storage.bytes) throw malformed("it describes one storage in two ways");
    known.set(storage.key, first);
  }
  const buffers = new Map<string, ArrayBuffer>();
  const seen = new Set<StorageRef>();
  let position = start;
  for (const key of keys) {
    const storage = known.get(key);
    // How long a storage of an unknown class is, nothing says, nor where the file should end.
    if (!storage && unread.has(key as string) && buffers.size === needed.size) return buffers;
    if (!storage || seen.has(storage)) throw malformed("its list of storages does not fit its tensors");
    seen.add(storage);
    if (u64(await bytesAt(file, position, 8), 0) !== storage.count)
      throw malformed("a storage's size is not the one announced");
    position += 8;
    const { bytes } = storage;
    if (needed.has(storage.key)) {
      buffers.set(storage.key, await file.readBytes(position, bytes));
    }
    position += bytes;
    if (position > file.size) throw new CheckpointError("truncated", "the file ends within a storage: get it anew");
  }
  if (buffers.size === needed.size && position < file.size) {
    throw malformed(`it has ${file.size - position} bytes after its last storage`);
  }
  return buffers;
}

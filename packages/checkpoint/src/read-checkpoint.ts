import { shown, shownUrl } from "@seg/errors";
import { openAddress, openPath } from "#open-path";
import { BlobFile, ByteArrayFile, type ByteFile } from "./byte-source.ts";
import { type CheckpointFormat, detectFormat } from "./detect-format.ts";
import { aboutFile, CheckpointError, quote, refuseUnknown } from "./errors.ts";
import { type Limits, limitsOf } from "./limits.ts";
import type { Opaque } from "./opaque.ts";
import { plainNames } from "./plain-names.ts";
import { readLegacy } from "./read-legacy.ts";
import { readSafetensors } from "./read-safetensors.ts";
import { readZip } from "./read-zip.ts";
import { checkExpansion, type NamedTensor, type StateDict, type StoredTensor } from "./tensor.ts";

/** A state dict read from a file. */
export interface Checkpoint extends StateDict {
  /** The file's format, detected from its contents. */
  readonly format: CheckpointFormat;
  /** The `__metadata__` of a safetensors file; empty for the others. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * What was passed over because it is no tensor that is read: by name, the class or function that a pickle makes it with
   * (`argparse.Namespace`), or the type of a safetensors file.
   */
  readonly skipped: ReadonlyMap<string, string>;
}

/** What a file holds, by the names that it has there. */
export interface ReadContents {
  readonly tensors: readonly StoredTensor[];
  readonly skipped: ReadonlyMap<string, Opaque>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Options of `readCheckpoint`. */
export interface ReadOptions {
  /** Renames tensors; undefined skips one. */
  map?: ((name: string) => string | undefined) | undefined;
  /**
   * Takes only the tensors whose names begin with this and a dot, and leaves that out: `encoder` of a whole segmentation network in one file.
   * A file without such names is taken whole.
   */
  part?: string | undefined;
  /**
   * Bytes of memory that the file's description of its tensors may take: its pickle, its header, its names. Default: 64 MB, enough for 20,000
   * tensors; more opens a file of more.
   */
  budget?: number | undefined;
  /** Ends the reading of an address; what it gives as its reason is thrown. */
  signal?: AbortSignal | undefined;
}

/**
 * Where a checkpoint is: a file's path, or in a browser an address; an address (`http:`, `https:`, `data:`, `blob:`, in Node also `file:`), of
 * which only the bytes that are needed are fetched where its server knows range requests; a Blob or File, of which only those are read; its bytes.
 */
export type CheckpointSource = string | URL | Blob | ArrayBuffer | Uint8Array;

export const READ_OPTIONS = ["map", "part", "budget", "signal"] satisfies (keyof ReadOptions)[];

/**
 * Reads a state dict from a `.pth` file of either format or from safetensors, whatever the file is called. The state dict is
 * found among what training scripts save beside it, the prefixes of wrappers (`module.`, `_orig_mod.`, `model.`, `net.`) are stripped, what
 * is no tensor is passed over, and no code in the file is executed. Memory: the bytes of the tensors, once.
 *
 * @param source - The file; see `CheckpointSource`.
 * @param options - See `ReadOptions`.
 * @returns the tensors by name, in the file's order (of safetensors, that of their bytes; of two entries of one name in a pickle's dict the
 *   last counts, as in Python); they stay valid when the file goes.
 * @throws {CheckpointError} that begins with the path, address or name: `not-found`, `unreadable`, `html`, `lfs-pointer`, `truncated`, `corrupt`,
 *   `unsafe-pickle`, `unsupported`; `mismatch` where `map` gives two tensors one name. `data.file` holds it. `option` for an
 *   option that there is not, and for what is no source.
 * @see PyTorch's torch/serialization.py (both `.pth` formats) and the safetensors format's description.
 *
 * @example
 * ```ts
 * import { readCheckpoint, writeSafetensors } from "@seg/checkpoint";
 *
 * const bias = { name: "conv.bias", dtype: "float32" as const, shape: [2], data: new Float32Array([1, 2]) };
 * await writeSafetensors("net.safetensors", [bias]);
 * const state = await readCheckpoint("net.safetensors");
 * console.log(state.format, [...state.keys()]); // safetensors [ 'conv.bias' ]
 * console.log(state.get("conv.bias")?.data.join(" ")); // 1 2
 * ```
 */
export async function readCheckpoint(source: CheckpointSource, options: ReadOptions = {}): Promise<Checkpoint> {
  refuseUnknown(options, READ_OPTIONS, "the options of readCheckpoint");
  const limits = limitsOf(options.budget);
  const name = nameOf(source);
  try {
    const file = await open(source, options.signal);
    try {
      const format = await detectFormat(file);
      const contents = await readContents(file, format, limits);
      checkExpansion(contents.tensors, file.size);
      return Object.assign(rename(contents, options), { format, metadata: contents.metadata ?? {} });
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CheckpointError) throw aboutFile(error, name);
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (!syscall) throw error;
    throw new CheckpointError("unreadable", `${name}: it cannot be read (${message}): check its disk.`, {
      cause: error,
      data: { file: name },
    });
  }
}

/**
 * What errors call a source.
 *
 * @throws {CheckpointError} `option` for what is none.
 */
export function nameOf(source: CheckpointSource): string {
  if (typeof source === "string") return source;
  if (source instanceof URL) return shownUrl(source.href);
  if (source instanceof Blob) return (source as { name?: string }).name ?? "the Blob";
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) return "the bytes given";
  throw new CheckpointError(
    "option",
    {
      expected: "a file's path, its address as a URL, a Blob, an ArrayBuffer or a Uint8Array",
      received: shown(source),
    },
    { data: { option: "source" } },
  );
}

function open(source: CheckpointSource, signal?: AbortSignal): ByteFile | Promise<ByteFile> {
  if (typeof source === "string") return openPath(source, signal);
  if (source instanceof URL) return openAddress(source, signal);
  if (source instanceof Blob) return new BlobFile(source);
  return new ByteArrayFile(source instanceof ArrayBuffer ? new Uint8Array(source) : source);
}

function readContents(file: ByteFile, format: CheckpointFormat, limits: Limits): Promise<ReadContents> {
  if (format === "safetensors") return readSafetensors(file, limits);
  return format === "pth-zip" ? readZip(file, limits) : readLegacy(file, limits);
}

function rename({ tensors, skipped }: ReadContents, { map = (name) => name, part }: ReadOptions) {
  const plain = plainNames(
    tensors.map(({ name }) => name),
    skipped.keys(),
  );
  const isInPart = (name: string) => part !== undefined && name.startsWith(`${part}.`);
  const hasPart = tensors.some(({ name }) => isInPart(plain(name)));
  const newName = (old: string): string | undefined => {
    const name = plain(old);
    if (!hasPart) return map(name);
    return isInPart(name) ? map(name.slice(part!.length + 1)) : undefined;
  };
  const state = new Map<string, NamedTensor>();
  for (const tensor of tensors) {
    const name = newName(tensor.name);
    if (name === undefined) continue;
    if (state.has(name))
      throw new CheckpointError("mismatch", `map gave the name ${quote(name)} to two tensors: let it tell them apart`, {
        data: { tensor: name },
      });
    state.set(name, tensor.named(name));
  }
  const passedOver = new Map<string, string>();
  for (const [old, { global }] of skipped) {
    const name = newName(old);
    if (name !== undefined && !state.has(name)) passedOver.set(name, global);
  }
  return Object.assign(state, { skipped: passedOver });
}

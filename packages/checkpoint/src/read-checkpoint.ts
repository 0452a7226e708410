import { ByteFile } from "./byte-file.ts";
import { type CheckpointFormat, detectFormat } from "./detect-format.ts";
import { aboutFile, CheckpointError, quote, refuseUnknown } from "./errors.ts";
import { readLegacy } from "./read-legacy.ts";
import { readSafetensors } from "./read-safetensors.ts";
import { readZip } from "./read-zip.ts";
import type { NamedTensor, StateDict, StoredTensor } from "./tensor.ts";
import { withoutModulePrefix } from "./unwrap-state-dict.ts";

/** A state dict read from a file. */
export interface Checkpoint extends StateDict {
  /** The file's format, detected from its contents. */
  readonly format: CheckpointFormat;
  /** The `__metadata__` of a safetensors file; empty for the others. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Options of `readCheckpoint`. */
export interface ReadOptions {
  /** Renames tensors; undefined skips one. */
  map?: ((name: string) => string | undefined) | undefined;
}

export const READ_OPTIONS = ["map"] satisfies (keyof ReadOptions)[];

/**
 * Reads a state dict from a `.pth` file of either format or from safetensors, whatever the file is called. A nested
 * `state_dict` is found, DataParallel's prefix `module.` is stripped, and no code in the file is executed. Memory: the bytes of the tensors, once.
 *
 * @param path - The file.
 * @param options - See `ReadOptions`.
 * @returns the tensors by name, in the file's order; they stay valid when the file goes.
 * @throws {CheckpointError} that begins with the path: `not-found`, `unreadable`, `html`, `lfs-pointer`, `truncated`, `corrupt`,
 *   `unsafe-pickle`, `unsupported`; `mismatch` where `map` gives two tensors one name. `data.file` holds the path. `option` for an
 *   option that there is not.
 * @see PyTorch's torch/serialization.py (both `.pth` formats) and the safetensors format's description.
 */
export async function readCheckpoint(path: string, options: ReadOptions = {}): Promise<Checkpoint> {
  refuseUnknown(options, READ_OPTIONS, "the options of readCheckpoint");
  try {
    const file = await ByteFile.open(path);
    try {
      const format = detectFormat(file);
      const { tensors, metadata } = await readTensors(file, format);
      return Object.assign(rename(tensors, options.map), { format, metadata });
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CheckpointError) throw aboutFile(error, path);
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (!syscall) throw error;
    throw new CheckpointError("unreadable", `${path}: it cannot be read (${message}): check its disk.`, {
      cause: error,
      data: { file: path },
    });
  }
}

async function readTensors(
  file: ByteFile,
  format: CheckpointFormat,
): Promise<{ tensors: StoredTensor[]; metadata: Record<string, string> }> {
  if (format === "safetensors") return readSafetensors(file);
  return { tensors: await (format === "pth-zip" ? readZip(file) : readLegacy(file)), metadata: {} };
}

function rename(tensors: readonly StoredTensor[], map = (name: string): string | undefined => name) {
  const strip = withoutModulePrefix(tensors.map(({ name }) => name));
  const state = new Map<string, NamedTensor>();
  for (const tensor of tensors) {
    const name = map(strip(tensor.name));
    if (name === undefined) continue;
    if (state.has(name))
      throw new CheckpointError("mismatch", `map gave the name ${quote(name)} to two tensors: let it tell them apart`, {
        data: { tensor: name },
      });
    state.set(name, tensor.named(name));
  }
  return state;
}

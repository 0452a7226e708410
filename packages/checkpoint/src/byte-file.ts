import { constants, readSync, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { CheckpointError } from "./errors.ts";

/** Random access to bytes. */
export interface ByteSource {
  /** The number of bytes. */
  readonly size: number;
  /** Fills `target` with the bytes from `position` on; the caller has checked that they exist. */
  readSync(target: Uint8Array, position: number): void;
}

// Linux reads at most 2^31 - 4096 bytes at once.
const MAX_READ = 2 ** 30;
const MAX_SYNC_READ = 2 ** 16;

/**
 * Memory for so many bytes of a file, all zero.
 *
 * @throws {CheckpointError} `unsupported` where there is not that much: a file with holes may be larger than any memory.
 */
export function allocate(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (error) {
    const line = `a tensor of ${length} bytes does not fit into this machine's memory: save it in parts`;
    throw new CheckpointError("unsupported", line, { cause: error });
  }
}

const cutOff = () => new CheckpointError("truncated", "the file ends before its contents do: get it anew");

function requireFile(found: Stats): void {
  if (found.isFile()) return;
  const kind = found.isDirectory() ? "folder" : found.isFIFO() ? "pipe" : "device";
  throw new CheckpointError("unreadable", `it is a ${kind}: name the file`);
}

/** An open file of fixed size; whoever opened it closes it. */
export class ByteFile implements ByteSource {
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /** @throws {CheckpointError} `not-found` or `unreadable`. */
  static async open(path: string): Promise<ByteFile> {
    try {
      // Before opening: opening a named pipe would block until there is a writer.
      const found = await stat(path);
      requireFile(found);
      // If a pipe has taken its place by now, this does not block either.
      const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const opened = await handle.stat();
        requireFile(opened);
        return new ByteFile(handle, opened.size);
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      throw code === "ENOENT" || code === "ENOTDIR"
        ? new CheckpointError("not-found", "there is no such file: check the path, or download it first", {
            cause: error,
          })
        : new CheckpointError("unreadable", `it cannot be opened (${message}): check its permissions`, {
            cause: error,
          });
    }
  }

  readSync(target: Uint8Array, position: number): void {
    this.#check(position, target.length);
    for (let done = 0; done < target.length; ) {
      const length = Math.min(target.length - done, MAX_READ);
      const got = readSync(this.#handle.fd, target, done, length, position + done);
      if (got === 0) throw cutOff();
      done += got;
    }
  }

  /** The `length` bytes from `position` on, in a buffer of their own, read asynchronously. */
  async readBytes(position: number, length: number): Promise<ArrayBuffer> {
    this.#check(position, length);
    const target = allocate(length);
    // A network has hundreds of small tensors; an asynchronous read of each takes longer than a synchronous one.
    if (length <= MAX_SYNC_READ) {
      this.readSync(target, position);
      return target.buffer;
    }
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#handle.read(target, done, Math.min(length - done, MAX_READ), position + done);
      if (bytesRead === 0) throw cutOff();
      done += bytesRead;
    }
    return target.buffer;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  // Before memory is allocated: the length may be what a damaged file claims.
  #check(position: number, length: number): void {
    if (!(position >= 0 && position + length <= this.size)) throw cutOff();
  }
}

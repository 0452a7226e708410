import { constants, readSync, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { allocate, type ByteFile, checkWithin, cutOff } from "./byte-source.ts";
import { CheckpointError } from "./errors.ts";

// Linux reads at most 2^31 - 4096 bytes at once.
const MAX_READ = 2 ** 30;
const MAX_SYNC_READ = 2 ** 16;

function requireFile(found: Stats): void {
  if (found.isFile()) return;
  const kind = found.isDirectory() ? "folder" : found.isFIFO() ? "pipe" : "device";
  throw new CheckpointError("unreadable", `it is a ${kind}: name the file`);
}

/** An open file of fixed size; whoever opened it closes it. */
export class PathFile implements ByteFile {
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /** @throws {CheckpointError} `not-found` or `unreadable`. */
  static async open(path: string): Promise<PathFile> {
    try {
      // Before opening: opening a named pipe would block until there is a writer.
      const found = await stat(path);
      requireFile(found);
      // If a pipe has taken its place by now, this does not block either.
      const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const opened = await handle.stat();
        requireFile(opened);
        return new PathFile(handle, opened.size);
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

  ready(): undefined {
    return undefined;
  }

  readSync(target: Uint8Array, position: number): void {
    checkWithin(this, position, target.length);
    for (let done = 0; done < target.length; ) {
      const length = Math.min(target.length - done, MAX_READ);
      const got = readSync(this.#handle.fd, target, done, length, position + done);
      if (got === 0) throw cutOff();
      done += got;
    }
  }

  /** The `length` bytes from `position` on, in a buffer of their own, read asynchronously. */
  async readBytes(position: number, length: number): Promise<ArrayBuffer> {
    checkWithin(this, position, length);
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
}

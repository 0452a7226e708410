import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { addAbortSignal } from "node:stream";
import { FileError } from "./errors.ts";

/** Options of {@link readRegularFile}. */
export interface ReadOptions {
  /** The most bytes; a file with more is refused. Default 2 GiB − 1, which is the most that one array of bytes was ever sure to hold. */
  limit?: number;
  /** Read a pipe too, such as a shell's `<(…)`: for what a person has named, not for what lies in a folder or a list. Default false. */
  pipe?: boolean;
  /** Ends the reading of a pipe; its reason is thrown. */
  signal?: AbortSignal | undefined;
}

const MOST = 2 ** 31 - 1;

/** What a file without a size, as in `/proc`, is read in. */
const CHUNK = 65_536;

/** How long {@link readRegularFileSync} waits for a pipe to get a writer, and then for each piece, in milliseconds. */
const PATIENCE_MS = 5_000;

// Without it, opening a pipe waits for a writer, and reading some files of /proc for what may never come, where no signal is heard.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * Reads a regular file whole: never a device, socket or, unless asked, pipe, which may hang or have no end, and never more than `limit` bytes.
 *
 * @throws {FileError} `unreadable`; the `systemCode` of a folder is `EISDIR`, of a device, socket or pipe `EINVAL`, of too large a file `EFBIG`.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { FileError, readRegularFile } from "@seg/node";
 *
 * await writeFile("five.bin", Uint8Array.of(1, 2, 3, 4, 5));
 * console.log([...(await readRegularFile("five.bin"))]); // [ 1, 2, 3, 4, 5 ]
 * const error = await readRegularFile("five.bin", { limit: 4 }).catch((thrown: unknown) => thrown);
 * console.log(error instanceof FileError && error.data.reason); // it has more than 4 B
 * ```
 */
export async function readRegularFile(path: string, options: ReadOptions = {}): Promise<Buffer> {
  const { limit = MOST, pipe = false, signal } = options;
  try {
    if (refuseKind(path, await stat(path), pipe).isFIFO()) return await readPipe(path, { limit, signal });
    const file = await openRegularFile(path);
    try {
      return await readHandle(path, file, (await file.stat()).size, limit);
    } finally {
      await file.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(path, error);
  }
}

/**
 * Opens a regular file for reading piece by piece; what else has its name, which may hang or have no end, is refused as by
 * {@link readRegularFile}.
 *
 * @returns the file, which the caller closes.
 * @throws {FileError} `unreadable`.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { openRegularFile } from "@seg/node";
 *
 * await writeFile("large.bin", "header and a long body");
 * const file = await openRegularFile("large.bin");
 * const { buffer, bytesRead } = await file.read(Buffer.alloc(6), 0, 6, 0);
 * console.log(bytesRead, buffer.toString()); // 6 header
 * await file.close();
 * ```
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    refuseKind(path, await stat(path), false);
    const file = await open(path, FLAGS);
    try {
      // Another one may have taken its place.
      refuseKind(path, await file.stat(), false);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * {@link readRegularFile} at once, for small files. No signal is heard meanwhile: a pipe that gives nothing for five seconds is given up.
 *
 * @throws {FileError} `unreadable`; that of such a pipe has the `systemCode` `ETIMEDOUT`.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { readRegularFileSync } from "@seg/node";
 *
 * writeFileSync("three.bin", Uint8Array.of(1, 2, 3));
 * console.log([...readRegularFileSync("three.bin")]); // [ 1, 2, 3 ]
 * ```
 */
export function readRegularFileSync(path: string, options: Omit<ReadOptions, "signal"> = {}): Buffer {
  const { limit = MOST, pipe = false } = options;
  try {
    refuseKind(path, statSync(path), pipe);
    const file = openSync(path, FLAGS);
    try {
      const stats = refuseKind(path, fstatSync(file), pipe);
      refuseSize(path, stats.size, limit);
      const chunks: Buffer[] = [];
      for (let total = 0; ; ) {
        const chunk = Buffer.allocUnsafe(Math.min(limit + 1 - total, chunks.length === 0 ? stats.size + 1 : CHUNK));
        const read = stats.isFIFO() ? readPatiently(path, file, chunk, total === 0) : readSync(file, chunk);
        if (read === 0) return Buffer.concat(chunks);
        chunks.push(chunk.subarray(0, read));
        total += read;
        refuseSize(path, total, limit);
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readHandle(path: string, file: FileHandle, size: number, limit: number): Promise<Buffer> {
  refuseSize(path, size, limit);
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    // One more, so that the end shows.
    const wanted = Math.min(limit, chunks.length === 0 && size > 0 ? size : CHUNK - 1) + 1;
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, null);
    if (bytesRead === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
    refuseSize(path, total, limit);
  }
}

/** A thread that waits for a pipe could not be called off; the event loop can. */
async function readPipe(path: string, { limit, signal }: { limit: number; signal: AbortSignal | undefined }) {
  const pipe = new Socket({ fd: openSync(path, FLAGS), readable: true, writable: false });
  if (signal) addAbortSignal(signal, pipe);
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of pipe) {
    chunks.push(chunk);
    total += chunk.length;
    refuseSize(path, total, limit);
  }
  return Buffer.concat(chunks);
}

/** @param isFirst - nothing has come so far: the end may only be that no writer is there yet, or that one came who wrote nothing. */
function readPatiently(path: string, file: number, chunk: Buffer, isFirst: boolean): number {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const start = performance.now(); performance.now() - start < PATIENCE_MS; Atomics.wait(pause, 0, 0, 10)) {
    try {
      const read = readSync(file, chunk);
      if (read > 0 || !isFirst) return read;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
  throw refused(path, "ETIMEDOUT", "the pipe gave nothing for 5 seconds", "name a regular file");
}

function refuseKind(path: string, stats: Stats, pipe: boolean): Stats {
  if (stats.isFile() || (pipe && stats.isFIFO())) return stats;
  if (stats.isDirectory()) throw refused(path, "EISDIR", "it is a folder", "name a file in it");
  throw refused(path, "EINVAL", `it is a ${stats.isFIFO() ? "pipe" : "device or socket"}`, "name a regular file");
}

function refuseSize(path: string, size: number, limit: number): void {
  if (size > limit) throw refused(path, "EFBIG", `it has more than ${inWords(limit)}`, "name a smaller one");
}

function inWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  const unit = Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${+(bytes / 1000 ** unit).toFixed(1)} ${units[unit]}`;
}

const refused = (file: string, systemCode: string, reason: string, hint: string) =>
  new FileError(
    "unreadable",
    { expected: `to read ${file}`, but: reason, hint },
    { data: { file, systemCode, reason, hint } },
  );

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOENT: ["there is no such file", "check the path"],
  ENOTDIR: ["there is no such file", "check the path"],
  EACCES: ["permission is denied", "grant read access to it"],
  EPERM: ["permission is denied", "grant read access to it"],
  ELOOP: ["its links lead in a circle", "name the file itself"],
  ENAMETOOLONG: ["its path is too long", "move it to a folder with a shorter path"],
  EAGAIN: ["it gives nothing to read now", "name a regular file"],
};

function unreadable(file: string, error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof FileError || code === undefined || (syscall === undefined && !code.startsWith("ERR_INVALID")))
    return error;
  const [reason, hint] = REASONS[code] ?? [message, "check the file"];
  return new FileError(
    "unreadable",
    { expected: `to read ${file}`, but: reason, hint },
    { data: { file, systemCode: code, reason, hint }, cause: error },
  );
}

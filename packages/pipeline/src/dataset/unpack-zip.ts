import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { replaceFile } from "@seg/node";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { PipelineError } from "../errors.ts";

/** How {@link unpackZip} works. */
export interface UnpackOptions {
  /** Bytes written or found so far, and in all. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Unpacks a zip file. Each file appears when it is whole and its checksum right; one that is there already and right is left alone,
 * so an interrupted unpacking goes on where it stopped. No file leaves `folder`, and all are plain files.
 *
 * @returns how many files the zip holds.
 * @throws {PipelineError} `failed` if the zip is damaged or the disk too small, before anything is written; or if an entry is damaged.
 * @throws the signal's reason when aborted.
 */
export async function unpackZip(path: string, folder: string, options: UnpackOptions = {}): Promise<number> {
  const { onProgress, signal } = options;
  // Names that would lead out of the folder are an error of yauzl's own.
  const zip = await openPromise(path, { autoClose: false, lazyEntries: true }).catch((error) => {
    throw damaged(path, error);
  });
  try {
    const entries = await readDirectory(path, zip);
    const total = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
    await mkdir(folder, { recursive: true });
    await checkSpace(folder, entries, total);
    let done = 0;
    for (const entry of entries) {
      signal?.throwIfAborted();
      const target = join(folder, entry.fileName);
      if (!(await isWhole(target, entry))) await unpackEntry(path, zip, entry, target, signal);
      done += entry.uncompressedSize;
      onProgress?.(done, total);
    }
    return entries.length;
  } finally {
    zip.close();
  }
}

async function readDirectory(path: string, zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      if (!entry.canDecodeFileData())
        throw new Error(`its entry ${entry.fileName} is encrypted or packed in an unknown way`);
      if (!entry.fileName.endsWith("/")) entries.push(entry);
    }
  } catch (error) {
    throw damaged(path, error);
  }
  return entries;
}

/** @throws {PipelineError} `failed` unless what is missing yet fits on the disk. */
async function checkSpace(folder: string, entries: readonly Entry[], total: number): Promise<void> {
  let needed = total;
  for (const { fileName, uncompressedSize } of entries) {
    if ((await sizeOf(join(folder, fileName))) === uncompressedSize) needed -= uncompressedSize;
  }
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize) return;
  const [wanted, free] = [needed, bavail * bsize].map((bytes) => `${Math.ceil(bytes / 1e6)} MB`);
  throw new PipelineError(
    "failed",
    `Expected ${wanted} of free space in ${folder} but there are ${free}: free some, or name another folder by --dir.`,
  );
}

async function isWhole(target: string, entry: Entry): Promise<boolean> {
  if ((await sizeOf(target)) !== entry.uncompressedSize) return false;
  let checksum = 0;
  for await (const chunk of createReadStream(target)) checksum = crc32(chunk, checksum);
  return checksum === entry.crc32;
}

async function unpackEntry(
  path: string,
  zip: ZipFile,
  entry: Entry,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const draft = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  let checksum = 0;
  async function* checked(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  }
  try {
    await mkdir(dirname(target), { recursive: true });
    const contents = await zip.openReadStreamPromise(entry).catch((error) => {
      throw damaged(path, error);
    });
    await pipeline(contents, checked, createWriteStream(draft), { signal });
    if (checksum !== entry.crc32) throw damaged(path, new Error(`${entry.fileName} does not match its checksum`));
    await replaceFile(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    signal?.throwIfAborted();
    if (error instanceof PipelineError) throw error;
    // What has no code of the system's comes from the zip: its streams and sizes.
    const { code = "Z_", message } = error as NodeJS.ErrnoException;
    if (code.startsWith("Z_")) throw damaged(path, error);
    throw new PipelineError(
      "failed",
      `Expected to write ${target} but ${message}: free or choose another folder by --dir.`,
      {
        cause: error,
      },
    );
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (stats) => (stats.isFile() ? stats.size : undefined),
    () => undefined,
  );
}

function damaged(path: string, error: unknown): PipelineError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new PipelineError("missing", `Expected a zip file at ${path} but there is none: check the path.`, {
      cause: error,
    });
  }
  return new PipelineError(
    "failed",
    `Expected a whole zip file but ${path} is not (${message}): delete it and run the command again, or name another one by --from.`,
    { cause: error },
  );
}

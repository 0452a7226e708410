import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ensureWritable, openRegularFile, writeFileAtomic } from "@seg/node";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { requireSpace } from "../disk-space.ts";
import { PipelineError } from "../errors.ts";
import { checkHeader, readDirectory, type ZipLimits, ZipProblem } from "./zip-directory.ts";

/** How {@link unpackZip} works. */
export interface UnpackOptions {
  /** Bytes written or found so far, and in all. */
  onProgress?: (done: number, total: number) => void;
  /** Told the names of all files before anything is written; what it throws ends the unpacking. */
  check?: (names: string[]) => void | Promise<void>;
  /** Which files are written, by their names; all unless given. */
  wanted?: (name: string) => boolean;
  /** What the zip may hold at most; somewhat more than ADE20K needs unless given. */
  limits?: ZipLimits;
  /** What to do where the zip is damaged; to get it again unless given. */
  wayOut?: string;
  signal?: AbortSignal;
}

/**
 * Unpacks a zip file. Each file appears when it is whole and its checksum right; one that is there already and right is left alone,
 * so an interrupted unpacking goes on where it stopped. No file leaves `folder`, and all are plain files. A zip that is built to hurt is refused
 * before anything is written: see {@link readDirectory}.
 *
 * @returns how many files were written or there.
 * @throws {PipelineError} `failed` if the zip is damaged or the disk too small, before anything is written; or if an entry is damaged.
 * @throws {FileError} `unwritable`.
 * @throws the signal's reason when aborted.
 */
export async function unpackZip(path: string, folder: string, options: UnpackOptions = {}): Promise<number> {
  const { onProgress, check, wanted = () => true, limits, wayOut, signal } = options;
  const { zip, entries: all } = await openZip(path, limits, wayOut);
  try {
    await check?.(all.map(({ fileName }) => fileName));
    const entries = all.filter(({ fileName }) => wanted(fileName));
    const total = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
    await ensureWritable(folder, "name another one by --dir");
    await checkSpace(folder, entries, total);
    let done = 0;
    for (const entry of entries) {
      signal?.throwIfAborted();
      const target = join(folder, entry.fileName);
      if (!(await isWhole(target, entry))) await unpackEntry(zip, entry, target, { path, wayOut, signal });
      done += entry.uncompressedSize;
      onProgress?.(done, total);
    }
    return entries.length;
  } finally {
    zip.close();
  }
}

/** Opens a zip and reads its directory, with this package's errors. */
async function openZip(path: string, limits?: ZipLimits, wayOut?: string): Promise<{ zip: ZipFile; entries: Entry[] }> {
  try {
    // Opening a pipe would wait for its writer.
    if (!(await stat(path)).isFile()) throw new ZipProblem("it is no regular file");
    const zip = await openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false });
    try {
      return { zip, entries: await readDirectory(zip, limits) };
    } catch (error) {
      zip.close();
      throw error;
    }
  } catch (error) {
    throw damaged(path, error, { what: "its directory cannot be read", wayOut });
  }
}

/** Why a file is no zip that {@link unpackZip} would begin to unpack; undefined where it is one. Checksums are not looked at. */
export async function whyNotZip(path: string, limits?: ZipLimits): Promise<string | undefined> {
  try {
    (await openZip(path, limits)).zip.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== "failed") throw error;
    return error.data.reason;
  }
}

/** @throws {PipelineError} `failed` unless what is missing yet fits on the disk. */
async function checkSpace(folder: string, entries: readonly Entry[], total: number): Promise<void> {
  let needed = total;
  for (const { fileName, uncompressedSize } of entries) {
    if ((await sizeOf(join(folder, fileName))) === uncompressedSize) needed -= uncompressedSize;
  }
  await requireSpace(folder, needed, "name another folder by --dir");
}

async function isWhole(target: string, entry: Entry): Promise<boolean> {
  if ((await sizeOf(target)) !== entry.uncompressedSize) return false;
  let checksum = 0;
  for await (const chunk of (await openRegularFile(target)).createReadStream()) checksum = crc32(chunk, checksum);
  return checksum === entry.crc32;
}

async function unpackEntry(
  zip: ZipFile,
  entry: Entry,
  target: string,
  { path, wayOut, signal }: { path: string } & Pick<UnpackOptions, "wayOut" | "signal">,
): Promise<void> {
  async function* contents() {
    let checksum = 0;
    try {
      checkHeader(entry, await zip.readLocalFileHeaderPromise(entry));
      for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
        checksum = crc32(chunk, checksum);
        yield chunk;
      }
      if (checksum !== entry.crc32) throw new ZipProblem(`${entry.fileName} does not match its checksum`);
    } catch (error) {
      throw damaged(path, error, { what: `its entry ${entry.fileName} cannot be unpacked`, wayOut });
    }
  }
  try {
    await writeFileAtomic(target, (file) => writeFile(file, contents(), { signal }));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (stats) => (stats.isFile() ? stats.size : undefined),
    () => undefined,
  );
}

/** @param what - what the words of others are about. */
function damaged(
  path: string,
  error: unknown,
  { what, wayOut = "get it again, or name another one" }: { what: string; wayOut?: string | undefined },
): PipelineError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new PipelineError(
      "missing",
      { expected: `a zip file at ${path}`, but: "there is none", hint: "check the path" },
      { data: { file: path }, cause: error },
    );
  }
  const reason = error instanceof ZipProblem ? message : `${what}: ${message}`;
  return new PipelineError(
    "failed",
    { expected: "a whole zip file", but: `${path} is not (${reason})`, hint: wayOut },
    { data: { file: path, reason }, cause: error },
  );
}

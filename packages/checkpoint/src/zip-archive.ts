import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import yauzl from "yauzl";
import type { ByteFile } from "./byte-file.ts";
import { CheckpointError, quote } from "./errors.ts";

// A checkpoint has an entry for each tensor. Each costs some 500 bytes besides its name; together they get this much.
const MAX_DIRECTORY = 2 ** 26;
const ENTRY_COST = 512;

const STORED = 0;
const DEFLATED = 8;
const CHUNK = 2 ** 18;

/** Random access to the file, for yauzl. */
class Reader extends yauzl.RandomAccessReader {
  readonly #file: ByteFile;
  readonly #fail: (error: unknown) => void;

  constructor(file: ByteFile, fail: (error: unknown) => void) {
    super();
    this.#file = file;
    this.#fail = fail;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    // Asynchronously, or thousands of entries would recurse as deep; and yauzl's exceptions on a damaged entry must not end the process.
    queueMicrotask(() => {
      let failure: Error | null = null;
      try {
        this.#file.readSync(buffer.subarray(offset, offset + length), position);
      } catch (error) {
        failure = error as Error;
      }
      try {
        callback(failure);
      } catch (error) {
        this.#fail(error);
      }
    });
  }
}

/** A zip file's directory, and its entries' contents. */
export class ZipArchive {
  readonly #file: ByteFile;
  readonly #zip: yauzl.ZipFile;
  readonly #entries: ReadonlyMap<string, yauzl.Entry>;

  private constructor(file: ByteFile, zip: yauzl.ZipFile, entries: ReadonlyMap<string, yauzl.Entry>) {
    this.#file = file;
    this.#zip = zip;
    this.#entries = entries;
  }

  /** @throws {CheckpointError} `truncated` or `corrupt`. */
  static open(file: ByteFile): Promise<ZipArchive> {
    return new Promise<ZipArchive>((resolve, reject) => {
      const entries = new Map<string, yauzl.Entry>();
      const options = { autoClose: false, lazyEntries: true };
      yauzl.fromRandomAccessReader(new Reader(file, reject), file.size, options, (error, zip) => {
        if (error) return reject(error);
        let cost = 0;
        zip.on("entry", (entry: yauzl.Entry) => {
          cost += ENTRY_COST + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
          if (cost > MAX_DIRECTORY) {
            return reject(
              new CheckpointError("unsupported", "it has more entries than any state dict: save only tensors"),
            );
          }
          entries.set(entry.fileName, entry);
          zip.readEntry();
        });
        zip.on("end", () => resolve(new ZipArchive(file, zip, entries)));
        zip.on("error", reject);
        zip.readEntry();
      });
    }).catch((error) => {
      throw asCheckpointError(error);
    });
  }

  /** The names of all entries, in the file's order. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The uncompressed size of an entry, or undefined where there is none of that name. */
  sizeOf(name: string): number | undefined {
    return this.#entries.get(name)?.uncompressedSize;
  }

  /** Whether an entry is compressed, so that its size is only what the file claims. */
  isCompressed(name: string): boolean {
    return this.#entries.get(name)?.compressionMethod !== STORED;
  }

  /**
   * An entry's whole contents, in a buffer of their own. The caller has bounded `sizeOf(name)`.
   *
   * @throws {CheckpointError} `corrupt` unless they have the announced size and checksum; `unsupported` for other compression methods.
   */
  async read(name: string): Promise<ArrayBuffer> {
    const entry = this.#entries.get(name);
    if (!entry) throw new CheckpointError("corrupt", `its entry ${quote(name)} is missing: get the file anew`);
    if (entry.isEncrypted() || (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)) {
      throw new CheckpointError("unsupported", `its entry ${quote(name)} is encrypted or packed in an unknown way`);
    }
    const { fileDataStart } = await this.#zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch((error) => {
      throw asCheckpointError(error);
    });
    const contents =
      entry.compressionMethod === STORED
        ? await this.#file.readBytes(fileDataStart, entry.uncompressedSize)
        : await this.#inflate(entry, fileDataStart);
    // torch.serialization.set_crc32_options(False) writes zeros.
    if (entry.crc32 !== 0 && crc32(new Uint8Array(contents)) !== entry.crc32) {
      throw new CheckpointError("corrupt", `its entry ${quote(name)} does not match its checksum: get the file anew`);
    }
    return contents;
  }

  // yauzl would inflate too, but its streams may emit errors after they are abandoned.
  async #inflate(entry: yauzl.Entry, start: number): Promise<ArrayBuffer> {
    const file = this.#file;
    async function* compressed() {
      for (let at = 0; at < entry.compressedSize; at += CHUNK) {
        const length = Math.min(CHUNK, entry.compressedSize - at);
        yield new Uint8Array(await file.readBytes(start + at, length));
      }
    }
    const target = new Uint8Array(entry.uncompressedSize);
    let done = 0;
    const wrongSize = () =>
      new CheckpointError("corrupt", `its entry ${quote(entry.fileName)} has not its announced size`);
    try {
      await pipeline(Readable.from(compressed()), createInflateRaw(), async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          if (done + chunk.length > target.length) throw wrongSize();
          target.set(chunk, done);
          done += chunk.length;
        }
      });
    } catch (error) {
      throw asCheckpointError(error);
    }
    if (done !== target.length) throw wrongSize();
    return target.buffer;
  }
}

/** An error of yauzl or zlib in this package's words. */
function asCheckpointError(error: unknown): CheckpointError {
  if (error instanceof CheckpointError) return error;
  const { message } = error as Error;
  if (/end of central directory record signature not found|overflows file bounds/i.test(message)) {
    return new CheckpointError("truncated", "the zip file ends before its contents do: get it anew", { cause: error });
  }
  return new CheckpointError("corrupt", `its zip structure is damaged (${quote(message)}): get the file anew`, {
    cause: error,
  });
}

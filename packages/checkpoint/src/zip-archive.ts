import { crc32, inflateRaw } from "#zlib";
import { allocate, type ByteFile } from "./byte-source.ts";
import { CheckpointError, quote } from "./errors.ts";
import { readDirectory, type ZipEntry } from "./zip-directory.ts";

const STORED = 0;
const DEFLATED = 8;
const CHUNK = 2 ** 18;
/** Larger entries that nobody needs, such as an optimizer's numbers, are not read for their checksum alone. */
const LARGEST_UNREAD = 2 ** 20;

/** A zip file's directory, and its entries' contents. */
export class ZipArchive {
  readonly #file: ByteFile;
  readonly #entries: ReadonlyMap<string, ZipEntry>;
  readonly #read = new Set<string>();

  private constructor(file: ByteFile, entries: ReadonlyMap<string, ZipEntry>) {
    this.#file = file;
    this.#entries = entries;
  }

  /**
   * @param limit - The most bytes that the directory may have.
   * @throws {CheckpointError} as `readDirectory` does.
   */
  static async open(file: ByteFile, limit: number): Promise<ZipArchive> {
    return new ZipArchive(file, await readDirectory(file, limit));
  }

  /** The names of all entries, in the file's order. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The uncompressed size of an entry, or undefined where there is none of that name. */
  sizeOf(name: string): number | undefined {
    return this.#entries.get(name)?.size;
  }

  /** How many bytes of the file an entry takes: fewer than its size, which is then what the file claims, where it is compressed. */
  packedSizeOf(name: string): number | undefined {
    return this.#entries.get(name)?.packed;
  }

  /**
   * An entry's whole contents, in a buffer of their own. The caller has bounded `sizeOf(name)`.
   *
   * @throws {CheckpointError} `corrupt` unless they have the announced size and checksum; `unsupported` for other compression methods.
   */
  async read(name: string): Promise<ArrayBuffer> {
    const entry = this.#entries.get(name);
    if (!entry) throw new CheckpointError("corrupt", `its entry ${quote(name)} is missing: get the file anew`);
    const { method, start, size } = entry;
    if (entry.isEncrypted || (method !== STORED && method !== DEFLATED)) {
      throw new CheckpointError(
        "unsupported",
        `its entry ${quote(name)} is encrypted or packed in an unknown way: unzip it and zip it without`,
      );
    }
    this.#read.add(name);
    const contents = method === STORED ? await this.#file.readBytes(start, size) : await this.#inflate(entry);
    // torch.serialization.set_crc32_options(False) writes zeros.
    if (entry.crc32 !== 0 && crc32(new Uint8Array(contents)) !== entry.crc32) {
      throw new CheckpointError("corrupt", `its entry ${quote(name)} does not match its checksum: get the file anew`);
    }
    return contents;
  }

  /**
   * Reads what nobody has read, as far as it is small and not packed: a file that is damaged there may be damaged elsewhere.
   *
   * @throws {CheckpointError} `corrupt` where a checksum does not match.
   */
  async checkRest(): Promise<void> {
    for (const { name, method, isEncrypted, size } of this.#entries.values()) {
      if (this.#read.has(name) || method !== STORED || isEncrypted || size > LARGEST_UNREAD) continue;
      await this.read(name);
    }
  }

  async #inflate({ name, start, packed, size }: ZipEntry): Promise<ArrayBuffer> {
    const file = this.#file;
    async function* compressed() {
      for (let at = 0; at < packed; at += CHUNK) {
        yield new Uint8Array(await file.readBytes(start + at, Math.min(CHUNK, packed - at)));
      }
    }
    const target = allocate(size);
    let done = 0;
    let taken: number;
    const wrongSize = () =>
      new CheckpointError("corrupt", `its entry ${quote(name)} has not its announced size: get the file anew`);
    try {
      taken = await inflateRaw(compressed(), (piece) => {
        if (done + piece.length > target.length) throw wrongSize();
        target.set(piece, done);
        done += piece.length;
      });
    } catch (error) {
      if (error instanceof CheckpointError || (error as NodeJS.ErrnoException).syscall) throw error;
      const { message } = error as Error;
      throw new CheckpointError("corrupt", `its entry ${quote(name)} does not unpack (${message}): get the file anew`, {
        cause: error,
      });
    }
    if (done !== target.length || taken !== packed) throw wrongSize();
    return target.buffer;
  }
}

import { CheckpointError } from "./errors.ts";

/** Bytes that can be read at once. */
export interface ByteSource {
  /** The number of bytes. */
  readonly size: number;
  /** Fills `target` with the bytes from `position` on; the caller has checked that they exist, and made them ready. */
  readSync(target: Uint8Array, position: number): void;
}

/** Random access to the bytes of a file, wherever it is. */
export interface ByteFile extends ByteSource {
  /** Makes bytes ready for `readSync`; undefined where they are. */
  ready(position: number, length: number): Promise<void> | undefined;
  /**
   * The `length` bytes from `position` on, in a buffer of their own.
   *
   * @throws {CheckpointError} `truncated` unless there are so many.
   */
  readBytes(position: number, length: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/** What `readSync` throws of bytes that are not ready. */
export class NotReady extends Error {}

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

export const cutOff = (): CheckpointError =>
  new CheckpointError("truncated", "the file ends before its contents do: get it anew");

/** Before memory is allocated: the length may be what a damaged file claims. */
export function checkWithin({ size }: ByteSource, position: number, length: number): void {
  if (!(position >= 0 && position + length <= size)) throw cutOff();
}

/** The `length` bytes from `position` on, made ready before. */
export async function bytesAt(file: ByteFile, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  checkWithin(file, position, length);
  await file.ready(position, length);
  const bytes = new Uint8Array(length);
  file.readSync(bytes, position);
  return bytes;
}

/** Bytes in memory as a file. */
export class ByteArrayFile implements ByteFile {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  ready(): undefined {
    return undefined;
  }

  readSync(target: Uint8Array, position: number): void {
    checkWithin(this, position, target.length);
    target.set(this.#bytes.subarray(position, position + target.length));
  }

  async readBytes(position: number, length: number): Promise<ArrayBuffer> {
    checkWithin(this, position, length);
    const target = allocate(length);
    this.readSync(target, position);
    return target.buffer;
  }

  async close(): Promise<void> {}
}

/**
 * A file that is read in blocks, each once; they are kept until it is closed. What is read at once (`readBytes`) comes in one piece where none
 * of it is there, and is not kept.
 */
export abstract class BlockFile implements ByteFile {
  abstract readonly size: number;
  readonly #blockLength: number;
  readonly #blocks = new Map<number, Uint8Array>();

  constructor(blockLength: number) {
    this.#blockLength = blockLength;
  }

  /** Gets the bytes from `begin` to `end`, exactly. */
  protected abstract load(begin: number, end: number): Promise<Uint8Array>;

  async close(): Promise<void> {
    this.#blocks.clear();
  }

  ready(position: number, length: number): Promise<void> | undefined {
    checkWithin(this, position, length);
    const missing = this.#missing(position, length);
    return missing.length > 0 ? this.#fill(missing) : undefined;
  }

  readSync(target: Uint8Array, position: number): void {
    checkWithin(this, position, target.length);
    if (this.#missing(position, target.length).length > 0) throw new NotReady("These bytes are not ready.");
    this.#copy(target, position);
  }

  async readBytes(position: number, length: number): Promise<ArrayBuffer> {
    checkWithin(this, position, length);
    const target = allocate(length);
    const missing = this.#missing(position, length);
    if (missing.length * this.#blockLength >= length && length > this.#blockLength) {
      target.set(await this.load(position, position + length));
    } else {
      await this.#fill(missing);
      this.#copy(target, position);
    }
    return target.buffer;
  }

  #missing(position: number, length: number): number[] {
    const missing: number[] = [];
    for (let at = Math.floor(position / this.#blockLength); at * this.#blockLength < position + length; at++) {
      if (!this.#blocks.has(at)) missing.push(at);
    }
    return missing;
  }

  /** Neighbours come in one piece. */
  async #fill(missing: readonly number[]): Promise<void> {
    for (let i = 0; i < missing.length; ) {
      let next = i + 1;
      while (next < missing.length && missing[next] === missing[next - 1]! + 1) next++;
      const first = missing[i]!;
      const begin = first * this.#blockLength;
      const bytes = await this.load(begin, Math.min(this.size, (missing[next - 1]! + 1) * this.#blockLength));
      for (let block = first; i < next; block++, i++) {
        const at = (block - first) * this.#blockLength;
        this.#blocks.set(block, bytes.subarray(at, at + this.#blockLength));
      }
    }
  }

  #copy(target: Uint8Array, position: number): void {
    for (let done = 0; done < target.length; ) {
      const at = position + done;
      const block = this.#blocks.get(Math.floor(at / this.#blockLength))!;
      const piece = block.subarray(at % this.#blockLength).subarray(0, target.length - done);
      target.set(piece, done);
      done += piece.length;
    }
  }
}

const BLOB_BLOCK = 2 ** 16;

/** A Blob, of which slices are read. */
export class BlobFile extends BlockFile {
  readonly #blob: Blob;

  constructor(blob: Blob) {
    super(BLOB_BLOCK);
    this.#blob = blob;
  }

  get size(): number {
    return this.#blob.size;
  }

  protected async load(begin: number, end: number): Promise<Uint8Array> {
    try {
      const bytes = new Uint8Array(await this.#blob.slice(begin, end).arrayBuffer());
      if (bytes.length !== end - begin) throw cutOff();
      return bytes;
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      // A File whose file has gone, or was changed.
      throw new CheckpointError(
        "unreadable",
        `it cannot be read (${String((error as Error).message)}): choose it again`,
        {
          cause: error,
        },
      );
    }
  }
}

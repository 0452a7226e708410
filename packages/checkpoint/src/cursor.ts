import type { ByteSource } from "./byte-source.ts";
import { latin1 } from "./bytes.ts";
import { CheckpointError } from "./errors.ts";

const BUFFER_LENGTH = 65536;

/** A buffered sequential reader of a source, with a buffer of 64 KB. */
export class Cursor {
  readonly #source: ByteSource;
  readonly #end: number;
  #buffer = new Uint8Array(0);
  #bufferStart = 0;
  /** The position of the next byte. */
  position: number;

  /** @param limit - The most bytes that may be read through this cursor. */
  constructor(source: ByteSource, position: number, limit: number) {
    this.#source = source;
    this.position = position;
    this.#end = Math.min(source.size, position + limit);
  }

  /** The next `count` bytes; valid until the next call. */
  take(count: number): Uint8Array {
    let start = this.position - this.#bufferStart;
    if (start + count > this.#buffer.length) {
      if (this.position + count > this.#end) {
        throw this.#end < this.#source.size
          ? new CheckpointError("unsupported", "its pickle is larger than that of any state dict: save only tensors")
          : new CheckpointError("truncated", "the file ends within its pickle: get it anew");
      }
      const length = Math.min(Math.max(count, BUFFER_LENGTH), this.#end - this.position);
      const buffer = new Uint8Array(length);
      this.#source.readSync(buffer, this.position);
      this.#buffer = buffer;
      this.#bufferStart = this.position;
      start = 0;
    }
    this.position += count;
    return this.#buffer.subarray(start, start + count);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  /** A line of at most `limit` bytes, without its end. */
  line(limit = 256): string {
    const bytes: number[] = [];
    while (bytes.length < limit) {
      const byte = this.byte();
      if (byte === 10) return latin1(Uint8Array.from(bytes));
      bytes.push(byte);
    }
    throw new CheckpointError("corrupt", "a line of its pickle has no end: get the file anew");
  }
}

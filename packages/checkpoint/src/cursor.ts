import type { ByteSource } from "./byte-file.ts";
import { CheckpointError } from "./errors.ts";

const WINDOW = 65536;

/** Reads a source from a position on, through a window of 64 KB. */
export class Cursor {
  readonly #source: ByteSource;
  readonly #end: number;
  #window = Buffer.alloc(0);
  #windowStart = 0;
  /** The position of the next byte. */
  position: number;

  /** @param limit - The most bytes that may be read through this cursor. */
  constructor(source: ByteSource, position: number, limit: number) {
    this.#source = source;
    this.position = position;
    this.#end = Math.min(source.size, position + limit);
  }

  /** The next `count` bytes; they stand only until the next call. */
  take(count: number): Buffer {
    let start = this.position - this.#windowStart;
    if (start + count > this.#window.length) {
      if (this.position + count > this.#end) {
        throw this.#end < this.#source.size
          ? new CheckpointError("unsupported", "its pickle is larger than that of any state dict: save only tensors")
          : new CheckpointError("truncated", "the file ends within its pickle: get it anew");
      }
      const length = Math.min(Math.max(count, WINDOW), this.#end - this.position);
      const window = Buffer.allocUnsafe(length);
      this.#source.readSync(window, this.position);
      this.#window = window;
      this.#windowStart = this.position;
      start = 0;
    }
    this.position += count;
    return this.#window.subarray(start, start + count);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  /** A line of at most 256 bytes, without its end. */
  line(): string {
    let text = "";
    for (let length = 0; length < 256; length++) {
      const byte = this.byte();
      if (byte === 10) return text;
      text += String.fromCharCode(byte);
    }
    throw new CheckpointError("corrupt", "a line of its pickle has no end: get the file anew");
  }
}

import { Excess } from "./image-limits.ts";

/** Numbers of the tags that are looked at. */
const TAGS = {
  254: "subfileType",
  258: "bits",
  259: "compression",
  262: "photometric",
  277: "samples",
  284: "planar",
  529: "coefficients",
  530: "subsampling",
  532: "blackWhite",
  50706: "dngVersion",
} as const;

/** Values of a TIFF's tags; what the file does not say is undefined. */
export type TiffTags = { [Name in (typeof TAGS)[keyof typeof TAGS]]?: number[] };

/** Bytes of a value, by the number of its type. */
const SIZES: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
/** Types of the values that are looked at: whole numbers and fractions. */
const LOOKED_AT = [1, 3, 4, 5, 16];

/** Its decoder takes no more; photos have some 50. */
const MOST_TAGS = 4096;

/** How a TIFF's directories are written. */
class Directories {
  readonly #view: DataView;
  readonly #little: boolean;
  readonly isBig: boolean;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = bytes[0] === 0x49;
    this.isBig = this.u16(2) === 43;
  }

  u8 = (at: number): number => this.#view.getUint8(at);
  u16 = (at: number): number => this.#view.getUint16(at, this.#little);
  u32 = (at: number): number => this.#view.getUint32(at, this.#little);
  u64 = (at: number): number => Number(this.#view.getBigUint64(at, this.#little));
  offset = (at: number): number => (this.isBig ? this.u64(at) : this.u32(at));

  /** Where the first directory is. */
  get first(): number {
    return this.offset(this.isBig ? 8 : 4);
  }

  /** Bytes that a value of an entry has in it. */
  get inline(): number {
    return this.isBig ? 8 : 4;
  }

  /** Where the entries of a directory begin, their size, and how many there are. */
  entries(directory: number): { from: number; step: number; count: number } {
    return this.isBig
      ? { from: directory + 8, step: 20, count: this.u64(directory) }
      : { from: directory + 2, step: 12, count: this.u16(directory) };
  }
}

/** The tags of a TIFF's first image that change what its pixels mean; none where the file is damaged, which its decoder tells. */
export function tiffTags(bytes: Uint8Array): TiffTags {
  const tags: TiffTags = {};
  try {
    const file = new Directories(bytes);
    const { from, step, count } = file.entries(file.first);
    for (let i = 0; i < count; i++) {
      const at = from + i * step;
      const name = TAGS[file.u16(at) as keyof typeof TAGS];
      if (!name) continue;
      const type = file.u16(at + 2);
      if (!LOOKED_AT.includes(type)) continue;
      const size = SIZES[type]!;
      // No tag of these has more values.
      const length = Math.min(file.offset(at + 4), 6);
      const valueAt = at + 4 + file.inline;
      const first = size * length > file.inline ? file.offset(valueAt) : valueAt;
      tags[name] = Array.from({ length }, (_, k) => {
        const place = first + k * size;
        if (type === 5) return file.u32(place) / file.u32(place + 4);
        return { 1: file.u8, 2: file.u16, 4: file.u32, 8: file.u64 }[size]!(place);
      });
    }
  } catch {
    // Beyond the file's end.
  }
  return tags;
}

/**
 * A TIFF without what follows its first page, which its decoder would read to count the pages: the file itself where nothing follows, else a copy.
 *
 * @throws {Excess} if values of that page lie over one another, which makes of a small file much; {Error} if it has too many tags. That a file is
 *   cut off, its decoder tells.
 */
export function firstPage(bytes: Buffer): Buffer {
  let claimed = 0;
  let next = 0;
  let nextAt = bytes.length;
  let width = 0;
  let tags = 0;
  try {
    const file = new Directories(bytes);
    const { from, step, count } = file.entries(file.first);
    for (let at = from, i = 0; i < count && claimed <= bytes.length; at += step, i++) {
      const size = (SIZES[file.u16(at + 2)] ?? 0) * file.offset(at + 4);
      if (size > file.inline) claimed += size;
    }
    nextAt = from + count * step;
    next = file.offset(nextAt);
    width = file.inline;
    tags = count;
  } catch {
    // Beyond the file's end.
  }
  if (claimed > bytes.length) throw new Excess("has tags of more bytes than the file");
  if (tags > MOST_TAGS) throw new Error(`${tags} tags are unsupported`);
  if (next === 0) return bytes;
  const first = Buffer.from(bytes);
  first.fill(0, nextAt, nextAt + width);
  return first;
}

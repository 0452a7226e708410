import { deflateSync } from "node:zlib";
import { chunk } from "../png.ts";
import { ascii, u32be } from "./bytes.ts";

/** A label file that is damaged, or odd in a way that other readers pass over. */
export interface HostileLabel {
  name: string;
  /** Whether its values are read all the same. */
  isRead: boolean;
  build(): Buffer;
}

/** The values of every one: 4×3 pixels. */
export const LABEL_VALUES: readonly number[] = [0, 1, 2, 3, 3, 2, 1, 0, 2, 2, 2, 2];

const SIGNATURE = ascii("\x89PNG\r\n\x1a\n");
const rows = Buffer.from([0, 4, 8].flatMap((from) => [0, ...LABEL_VALUES.slice(from, from + 4)]));
const pixels = deflateSync(rows);
const header = (colorType: number, depth = 8, rest = [0, 0, 0]) =>
  chunk("IHDR", Buffer.concat([u32be(4), u32be(3), Buffer.from([depth, colorType, ...rest])]));
const grey = header(0);
const indexed = header(3);
const palette = chunk("PLTE", Buffer.from([0, 0, 0, 9, 8, 7, 7, 8, 9, 200, 0, 0]));
const data = chunk("IDAT", pixels);
const end = chunk("IEND", Buffer.alloc(0));
const file = (...chunks: Buffer[]) => Buffer.concat([SIGNATURE, ...chunks]);

/** A chunk with a bit of its contents changed, or of its checksum where it has none. */
const altered = (whole: Buffer) => {
  const copy = Buffer.from(whole);
  copy[copy.length > 12 ? 8 : copy.length - 1]! ^= 1;
  return copy;
};

export const HOSTILE_LABELS: readonly HostileLabel[] = (
  [
    ["a header that was altered", false, [altered(grey), data, end]],
    ["a palette that was altered", false, [indexed, altered(palette), data, end]],
    ["transparency that was altered", false, [grey, altered(chunk("tRNS", Buffer.from([0, 2]))), data, end]],
    ["pixels that were altered", false, [grey, altered(data), end]],
    [
      "pixels whose own sum was altered",
      false,
      [grey, chunk("IDAT", altered(Buffer.from(pixels).reverse()).reverse()), end],
    ],
    ["an end that was altered", false, [grey, data, altered(end)]],
    ["a chunk that all must know and none does", false, [grey, chunk("EVIL", Buffer.from([1])), data, end]],
    ["no end", false, [grey, data]],
    [
      "a gap in its pixels",
      false,
      [
        ...[grey, chunk("IDAT", pixels.subarray(0, 5)), chunk("tEXt", ascii("a\0b"))],
        ...[chunk("IDAT", pixels.subarray(5)), end],
      ],
    ],
    ["indices and no palette", false, [indexed, data, end]],
    ["a palette after its pixels", false, [indexed, data, palette, end]],
    ["two palettes", false, [indexed, palette, palette, data, end]],
    ["a palette of half a colour", false, [indexed, chunk("PLTE", Buffer.alloc(13)), data, end]],
    ["two headers", false, [grey, grey, data, end]],
    ["a header behind another chunk", false, [chunk("tEXt", ascii("a\0b")), grey, data, end]],
    [
      "a header that is too long",
      false,
      [chunk("IHDR", Buffer.concat([grey.subarray(8, -4), Buffer.alloc(2)])), data, end],
    ],
    ["a depth that there is not", false, [header(0, 3), data, end]],
    ["a way of packing that there is not", false, [header(0, 8, [1, 0, 0]), data, end]],
    ["no pixels", false, [grey, end]],
    ["too few pixels", false, [grey, chunk("IDAT", deflateSync(rows.subarray(0, 8))), end]],
    ["something behind its end", true, [grey, data, end, ascii("something")]],
    ["some pixels too many", true, [grey, chunk("IDAT", deflateSync(Buffer.concat([rows, Buffer.alloc(500)]))), end]],
    ["a second picture behind its pixels", true, [grey, data, data, end]],
    ["pixels in parts", true, [grey, chunk("IDAT", pixels.subarray(0, 5)), chunk("IDAT", pixels.subarray(5)), end]],
    ["a text that was altered", true, [grey, altered(chunk("tEXt", ascii("a\0b"))), data, end]],
    ["an index beyond its palette", true, [indexed, chunk("PLTE", Buffer.from([0, 0, 0, 9, 8, 7])), data, end]],
  ] as const
).map(([name, isRead, chunks]) => ({ name, isRead, build: () => file(...chunks) }));

import { ascii, u16be } from "./bytes.ts";

const segment = (marker: number, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0xff, marker]), u16be(data.length + 2), data]);

/** Huffman tables of one code, `0`, each: DC's says that nothing changes, AC's that `symbol` follows. */
const tables = (symbol: number): Buffer[] =>
  [
    [0x00, 0],
    [0x10, symbol],
  ].map(([table, value]) => segment(0xc4, Buffer.from([table!, 1, ...Array<number>(15).fill(0), value!])));

const SCAN = 0xda;
const BASELINE = 0xc0;
const PROGRESSIVE = 0xc2;
const ARITHMETIC = 0xc9;

const start = (frame: number, width: number, height: number, sampling: readonly number[] = [0x11]): Buffer =>
  Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)])),
    segment(
      frame,
      Buffer.concat([
        Buffer.from([8]),
        u16be(height),
        u16be(width),
        Buffer.from([sampling.length, ...sampling.flatMap((factors, i) => [i + 1, factors, 0])]),
      ]),
    ),
  ]);

const scan = (first: number, last: number, approximation = 0): Buffer =>
  segment(SCAN, Buffer.from([1, 1, 0x00, first, last, approximation]));

const END = Buffer.from([0xff, 0xd9]);

/** Grey pixels, one bit for a block of them (all bits 0), of which there are `bytes`. */
export const jpeg = (width: number, height: number, bytes: number): Buffer =>
  Buffer.concat([start(BASELINE, width, height), ...tables(0), scan(0, 63), Buffer.alloc(bytes), END]);

/** The same by arithmetic coding, which few decoders know. */
export const arithmeticJpeg = (width: number, height: number, bytes: number): Buffer =>
  Buffer.concat([start(ARITHMETIC, width, height), scan(0, 63), Buffer.alloc(bytes), END]);

/** Bits of a scan that says nothing new of `blocks` blocks, 32,767 at a time. */
function emptyScan(blocks: number): Buffer {
  let bits = "";
  // A run's length has 14 bits behind the first one.
  for (let left = blocks; left > 0; left -= 2 ** 15 - 1) {
    const run = Math.min(left, 2 ** 15 - 1);
    const length = Math.floor(Math.log2(run));
    if (length < 14) bits += "0".repeat(15);
    else bits += `0${(run - 2 ** 14).toString(2).padStart(14, "0")}`;
  }
  const bytes = (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
  // A byte of ones is followed by a 0, so that it is no marker.
  return Buffer.from(bytes.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])));
}

/** A progressive picture of `scans` passes over all of it, a few bytes each. */
export function manyScans(width: number, height: number, scans: number): Buffer {
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  const each = Buffer.concat([scan(1, 63), emptyScan(blocks)]);
  return Buffer.concat([
    start(PROGRESSIVE, width, height),
    ...tables(0xe0),
    scan(0, 0),
    Buffer.alloc(Math.ceil(blocks / 8)),
    ...Array<Buffer>(scans).fill(each),
    END,
  ]);
}

/** A progressive picture of so many colours, sampled as these factors say, and hardly anything of it. */
export const scansOf = (width: number, height: number, sampling: readonly number[]): Buffer =>
  Buffer.concat([start(PROGRESSIVE, width, height, sampling), ...tables(0xe0), scan(0, 0), END]);

/** A JPEG with other segments behind its beginning. */
export function withSegments(file: Buffer, segments: readonly { marker: number; data: Buffer }[]): Buffer {
  const added = segments.map(({ marker, data }) => segment(marker, data));
  return Buffer.concat([file.subarray(0, 2), ...added, file.subarray(2)]);
}

/** A JPEG with a block of EXIF. */
export const jpegWithExif = (exif: Buffer, file: Buffer = jpeg(16, 16, 1)): Buffer =>
  withSegments(file, [{ marker: 0xe1, data: Buffer.concat([ascii("Exif\0\0"), exif]) }]);

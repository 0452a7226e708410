/** A field of a TIFF's directory: its tag, its type (3: 16 bits, 4: 32 bits), and its values. */
export type Field = readonly [tag: number, type: number, values: readonly number[], count?: number];

/** Tags that pictures have. */
export const TAG = {
  ...{
    subfile: 254,
    width: 256,
    height: 257,
    bits: 258,
    compression: 259,
    photometric: 262,
    strips: 273,
    orientation: 274,
  },
  ...{
    samples: 277,
    rows: 278,
    stripBytes: 279,
    planar: 284,
    predictor: 317,
    palette: 320,
    tileWidth: 322,
    tileHeight: 323,
  },
  ...{ tiles: 324, tileBytes: 325, subIfds: 330, extra: 338, format: 339, ycbcr: 530, exif: 34665, icc: 34675 },
} as const;

const SIZES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 12: 8, 16: 8 };

/** A little-endian TIFF: a directory of these fields, and data that begin at 8. */
export function tiff(fields: readonly Field[], data: Uint8Array, next?: number): Buffer {
  const start = 8 + data.length + (data.length % 2);
  const outside: Buffer[] = [];
  let at = start + 2 + 12 * fields.length + 4;
  const directory = Buffer.alloc(2 + 12 * fields.length + 4);
  directory.writeUInt16LE(fields.length);
  fields.forEach(([tag, type, values, count], i) => {
    const entry = directory.subarray(2 + 12 * i);
    const size = SIZES[type] ?? 4;
    const bytes = Buffer.alloc(Math.max(4, size * values.length));
    values.forEach((value, k) => {
      if (size === 1) bytes.writeUInt8(value & 0xff, k);
      else if (size === 2) bytes.writeUInt16LE(value & 0xffff, k * 2);
      else bytes.writeUInt32LE(value >>> 0, k * size);
    });
    entry.writeUInt16LE(tag);
    entry.writeUInt16LE(type, 2);
    entry.writeUInt32LE((count ?? values.length) >>> 0, 4);
    if (bytes.length === 4) bytes.copy(entry, 8);
    else {
      entry.writeUInt32LE(at, 8);
      outside.push(bytes);
      at += bytes.length;
    }
  });
  directory.writeUInt32LE((next ?? 0) >>> 0, 2 + 12 * fields.length);
  const head = Buffer.from("II*\0\0\0\0\0", "latin1");
  head.writeUInt32LE(start, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2), directory, ...outside]);
}

/** The fields of an RGB picture of 8 bits in one strip. */
export const rgbFields = (width: number, height: number): Field[] => [
  [TAG.width, 4, [width]],
  [TAG.height, 4, [height]],
  [TAG.bits, 3, [8, 8, 8]],
  [TAG.compression, 3, [1]],
  [TAG.photometric, 3, [2]],
  [TAG.strips, 4, [8]],
  [TAG.samples, 3, [3]],
  [TAG.rows, 4, [height]],
  [TAG.stripBytes, 4, [width * height * 3]],
];

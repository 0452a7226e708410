import sharp from "sharp";
import { ascii, i32le, u16le, u24le, u32be, u32le, u64le } from "./bytes.ts";

/** A TIFF's or BigTIFF's tag: its values have 2 bytes, 4, or 8. */
export interface Tag {
  tag: number;
  type: 3 | 4 | 16;
  values: readonly number[];
  /** How many values the entry claims, unless as many as there are. */
  count?: number;
  /** Where it says its values are, unless where they are. */
  at?: number;
}

const WRITERS = { 3: u16le, 4: u32le, 16: u64le };

/** A TIFF of directories that need not fit anything. `next` is where the last one says that another one is. */
export function tiff(
  directories: readonly (readonly Tag[])[],
  { big = false, pixels = Buffer.alloc(0), next = 0 }: { big?: boolean; pixels?: Buffer; next?: number } = {},
): Buffer {
  const offset = big ? u64le : u32le;
  const inline = big ? 8 : 4;
  const head = big ? Buffer.concat([ascii("II+\0"), u16le(8), u16le(0)]) : ascii("II*\0");
  const pixelsAt = head.length + inline;
  let at = pixelsAt + pixels.length;
  const parts = [head, offset(at), pixels];
  directories.forEach((tags, i) => {
    const length = (big ? 8 : 2) + tags.length * (big ? 20 : 12) + inline;
    let valuesAt = at + length;
    const values: Buffer[] = [];
    const rows = tags.map(({ tag, type, values: own, count = own.length, at: claimed }) => {
      const data = Buffer.concat(own.map(WRITERS[type]));
      const fits = data.length <= inline && claimed === undefined;
      const place = fits ? Buffer.concat([data, Buffer.alloc(inline - data.length)]) : offset(claimed ?? valuesAt);
      if (!fits && claimed === undefined) {
        values.push(data);
        valuesAt += data.length;
      }
      return Buffer.concat([u16le(tag), u16le(type), offset(count), place]);
    });
    const isLast = i === directories.length - 1;
    parts.push(big ? u64le(tags.length) : u16le(tags.length), ...rows, offset(isLast ? next : valuesAt), ...values);
    at = valuesAt;
  });
  return Buffer.concat(parts);
}

/** The tags of a grey picture whose pixels lie behind the header. */
export const greyTags = (width: number, height: number, bytes: number, compression = 1, at = 8): Tag[] => [
  { tag: 256, type: 4, values: [width] },
  { tag: 257, type: 4, values: [height] },
  { tag: 258, type: 3, values: [8] },
  { tag: 259, type: 3, values: [compression] },
  { tag: 262, type: 3, values: [1] },
  { tag: 273, type: 4, values: [at] },
  { tag: 277, type: 3, values: [1] },
  { tag: 278, type: 4, values: [height] },
  { tag: 279, type: 4, values: [bytes] },
];

/** A picture in one tile of another size. */
export const tiledTags = (width: number, height: number, tile: number, bytes: number, compression: number): Tag[] => [
  ...greyTags(width, height, bytes, compression).filter(({ tag }) => ![273, 278, 279].includes(tag)),
  { tag: 322, type: 4, values: [tile] },
  { tag: 323, type: 4, values: [tile] },
  { tag: 324, type: 4, values: [8] },
  { tag: 325, type: 4, values: [bytes] },
];

/** A GIF of `frames` black pictures in a canvas of its own. */
export function gif(
  width: number,
  height: number,
  { frames = 1, size = [1, 1] }: { frames?: number; size?: readonly [number, number] } = {},
): Buffer {
  const palette = Buffer.from([0, 0, 0, 255, 255, 255]);
  const control = Buffer.from([0x21, 0xf9, 4, 0, 1, 0, 0, 0]);
  const place = Buffer.concat([
    Buffer.from([0x2c]),
    u16le(0),
    u16le(0),
    u16le(size[0]),
    u16le(size[1]),
    Buffer.from([0]),
  ]);
  // Codes of 3 bits: clear, 0, end.
  const frame = Buffer.concat([control, place, Buffer.from([2, 2, 0b01000100, 0b00000001, 0])]);
  return Buffer.concat([
    ascii("GIF89a"),
    u16le(width),
    u16le(height),
    Buffer.from([0x80, 0, 0]),
    palette,
    ...Array<Buffer>(frames).fill(frame),
    Buffer.from([0x3b]),
  ]);
}

/** A BMP of a header and `data`; of 8 bits, with runs, or plain. */
export function bmp(width: number, height: number, data: Buffer, { bits = 8, compression = 0 } = {}): Buffer {
  const palette = Buffer.alloc(bits > 8 ? 0 : 4 * 2 ** bits);
  const offset = 54 + palette.length;
  return Buffer.concat([
    ascii("BM"),
    u32le((offset + data.length) >>> 0),
    u32le(0),
    u32le(offset),
    u32le(40),
    i32le(width),
    i32le(height),
    u16le(1),
    u16le(bits),
    u32le(compression),
    Buffer.alloc(20),
    palette,
    data,
  ]);
}

const riffChunk = (type: string, data: Buffer): Buffer =>
  Buffer.concat([ascii(type), u32le(data.length), data, Buffer.alloc(data.length % 2)]);

/** A WebP of chunks. */
export function webp(chunks: readonly { type: string; data: Buffer }[]): Buffer {
  const body = Buffer.concat([ascii("WEBP"), ...chunks.map(({ type, data }) => riffChunk(type, data))]);
  return Buffer.concat([ascii("RIFF"), u32le(body.length), body]);
}

/** The lossless coding of a picture of one colour, which takes as many bytes for any size: up to 16384×16384. */
export async function plainVp8l(width: number, height: number): Promise<Buffer> {
  const small = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#123456" } })
    .webp({ lossless: true })
    .toBuffer();
  const data = Buffer.from(small.subarray(20, 20 + small.readUInt32LE(16)));
  // A byte of signature, then the sides less one, 14 bits each, alpha and version.
  data.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0, 1);
  return data;
}

/** The chunk that tells what others there are: flags, and the canvas. */
export const vp8x = (width: number, height: number, flags: number): { type: string; data: Buffer } => ({
  type: "VP8X",
  data: Buffer.concat([Buffer.from([flags, 0, 0, 0]), u24le(width - 1), u24le(height - 1)]),
});

/** An animation of `frames` frames of one pixel in a canvas. */
export async function animatedWebp(width: number, height: number, frames: number): Promise<Buffer> {
  const image = riffChunk("VP8L", await plainVp8l(1, 1));
  const place = Buffer.concat([u24le(0), u24le(0), u24le(0), u24le(0), u24le(10), Buffer.from([0])]);
  const frame = { type: "ANMF", data: Buffer.concat([place, image]) };
  return webp([vp8x(width, height, 0x02), { type: "ANIM", data: Buffer.alloc(6) }, ...Array(frames).fill(frame)]);
}

/** An AVIF that claims another size than its pixels have. */
export async function avifOfSize(width: number, height: number): Promise<Buffer> {
  const small = await sharp({ create: { width: 16, height: 16, channels: 3, background: "#123456" } })
    .avif()
    .toBuffer();
  const file = Buffer.from(small);
  const at = file.indexOf("ispe");
  u32be(width).copy(file, at + 8);
  u32be(height).copy(file, at + 12);
  return file;
}

import { crc32 } from "node:zlib";
import sharp from "sharp";
import { checkImageSize, damagedError } from "./image-header.ts";

/** What a PNG file says of itself before its pixels. */
export interface LabelHeader {
  width: number;
  height: number;
  /** Bits of one value: 1, 2, 4, 8 or 16. */
  depth: number;
  /** Values a pixel: 1 grey or palette index, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  channels: 1 | 2 | 3 | 4;
  /** The palette's colours, RGB after RGB, where values are indices into one. */
  palette?: Uint8Array;
}

/** The values of a label file as they stand in it. */
export interface LabelPixels extends LabelHeader {
  /** `height × width × channels` values, row by row, 0 to 2^depth − 1; Uint16Array where `depth` is 16. */
  data: Uint8Array | Uint16Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Channels by PNG's colour type, and the type that has the same pixel data without a palette. */
const COLOR_TYPES: Readonly<Record<number, LabelHeader["channels"]>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const GREY = 0;
const INDEXED = 3;

/** The header of a PNG file; undefined where the bytes are no PNG. */
export function labelHeader(bytes: Buffer): LabelHeader | undefined {
  const channels = COLOR_TYPES[bytes[25] ?? -1];
  if (bytes.length < 26 || !channels || SIGNATURE.some((byte, i) => bytes[i] !== byte)) return undefined;
  const header = { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), depth: bytes[24]!, channels };
  if (bytes[25] !== INDEXED) return header;
  const palette = chunks(bytes).find(({ type }) => type === "PLTE");
  return palette ? { ...header, palette: new Uint8Array(palette.data) } : header;
}

/**
 * Decodes a label file, any legal PNG: every depth, interlaced or not, grey, palette indices (not their colours), RGB, each with or
 * without alpha. Nothing is scaled and no colour managed: the values are the file's own.
 *
 * @param bytes - the whole file, of which {@link labelHeader} has told the size.
 * @param name - what errors call it.
 * @throws {DataError} `truncated` where it is cut off or damaged; `bad-size` where it has more than 268 million pixels.
 */
export async function decodeLabel(bytes: Buffer, name: string): Promise<LabelPixels> {
  const header = labelHeader(bytes)!;
  const { width, height, depth, channels } = header;
  checkImageSize(name, width, height, 1);
  // As bytes, sharp would leave out a grey's alpha.
  const wide = depth === 16 || channels === 2;
  try {
    const { data, info } = await sharp(plain(bytes), { failOn: "warning", limitInputPixels: false, ignoreIcc: true })
      .toColourspace(channels < 3 ? (wide ? "grey16" : "b-w") : wide ? "rgb16" : "srgb")
      .raw({ depth: wide ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) throw new Error(`${info.channels} channels instead of ${channels}`);
    if (wide) {
      const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
      return { ...header, data: depth === 16 ? values : Uint8Array.from(values, (value) => value >> 8) };
    }
    const values = new Uint8Array(data.buffer, data.byteOffset, data.length);
    if (depth < 8) {
      // Small values come stretched to 0-255.
      const step = 255 / (2 ** depth - 1);
      for (let i = 0; i < values.length; i++) values[i] = values[i]! / step;
    }
    return { ...header, data: values };
  } catch (error) {
    throw damagedError(name, "PNG label file", error as Error);
  }
}

/**
 * The file with nothing but its pixels, palette indices as grey values, of which a PNG's data looks the same: so its decoder makes no
 * colours of indices, no alpha of a transparent value, and applies no profile.
 */
function plain(bytes: Buffer): Buffer {
  const parts = [bytes.subarray(0, 8)];
  for (const { type, whole } of chunks(bytes)) {
    if (type === "IHDR" && bytes[25] === INDEXED) {
      const grey = Buffer.from(whole);
      // Only where the header was right before is it right now.
      const isSound = grey.readUInt32BE(21) === crc32(grey.subarray(4, 21));
      grey[17] = GREY;
      if (isSound) grey.writeUInt32BE(crc32(grey.subarray(4, 21)), 21);
      parts.push(grey);
    } else if (["IHDR", "IDAT", "IEND"].includes(type)) parts.push(whole);
  }
  return Buffer.concat(parts);
}

/** The chunks of a PNG; the last may be cut off. */
function chunks(bytes: Buffer): { type: string; data: Buffer; whole: Buffer }[] {
  const found = [];
  for (let start = 8; start + 8 <= bytes.length; ) {
    const end = start + 12 + bytes.readUInt32BE(start);
    const whole = bytes.subarray(start, end);
    found.push({ type: whole.toString("latin1", 4, 8), data: whole.subarray(8, end - 4 - start), whole });
    start = end;
  }
  return found;
}

import { crc32 } from "node:zlib";
import sharp from "sharp";
import { damagedError } from "./image-header.ts";
import { checkImageSize, HELD_WHOLE, type PixelLimit } from "./image-limits.ts";
import { decodeInTurn } from "./pixel-budget.ts";
import { keepChunks, type PngSize, pngChunks, pngSize, refuseSurplusPixels } from "./png-chunks.ts";
import { pngProblem } from "./png-problem.ts";

/** What a PNG file says of itself before its pixels. */
export interface LabelHeader extends PngSize {
  /** The palette's colours, RGB after RGB, where values are indices into one. */
  palette?: Uint8Array;
}

/** The values of a label file as they stand in it. */
export interface LabelPixels extends LabelHeader {
  /** `height × width × channels` values, row by row, 0 to 2^depth − 1; Uint16Array where `depth` is 16. */
  data: Uint8Array | Uint16Array;
}

/** What errors call it. */
const KIND = "PNG label file";

/** PNG's colour types of palette indices, and of what has the same pixel data without a palette. */
const GREY = 0;
const INDEXED = 3;

/** The header of a PNG file; undefined where the bytes are no PNG. */
export function labelHeader(bytes: Buffer): LabelHeader | undefined {
  const header = pngSize(bytes);
  if (!header || bytes[25] !== INDEXED) return header;
  for (const { type, start, end } of pngChunks(bytes)) {
    if (type === "PLTE") return { ...header, palette: Uint8Array.from(bytes.subarray(start + 8, end - 4)) };
  }
  return header;
}

/**
 * Decodes a label file, any legal PNG: every depth, interlaced or not, grey, palette indices (not their colours), RGB, each with or
 * without alpha. Nothing is scaled and no colour managed: the values are the file's own. Bytes after the last chunk, and a few more pixels than the size
 * needs, are passed over, as by other readers.
 *
 * @param bytes - the whole file, of which {@link labelHeader} has told the size.
 * @param name - what errors call it.
 * @throws {DataError} `truncated` where it is cut off or damaged, or holds more than its size needs; `bad-size` where it has more pixels
 *   than `maxPixels`; `option`.
 */
export async function decodeLabel(bytes: Buffer, name: string, limit: PixelLimit = {}): Promise<LabelPixels> {
  const header = labelHeader(bytes)!;
  // Its decoder sees another file: one without what is left out below.
  const problem = pngProblem(bytes);
  if (problem) throw damagedError(name, KIND, new Error(problem));
  checkImageSize(name, { ...header, weight: header.interlaced ? HELD_WHOLE : 1 }, limit, 1);
  try {
    return await decodeInTurn(header, () => decode(bytes, header));
  } catch (error) {
    throw damagedError(name, KIND, error as Error);
  }
}

/** @throws {Error} if it cannot be decoded. */
async function decode(bytes: Buffer, header: LabelHeader): Promise<LabelPixels> {
  const { width, height, depth, channels } = header;
  await refuseSurplusPixels(bytes, header);
  const options = { failOn: "warning", limitInputPixels: width * height, ignoreIcc: true } as const;
  // As bytes, sharp would leave out a grey's alpha.
  const wide = depth === 16 || channels === 2;
  const { data, info } = await sharp(plain(bytes), options)
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
}

/**
 * The file with nothing but its pixels, palette indices as grey values, of which a PNG's data looks the same: so its decoder makes no
 * colours of indices, no alpha of a transparent value, and applies no profile.
 */
function plain(bytes: Buffer): Buffer {
  const file = keepChunks(bytes, ({ type }) => ["IHDR", "IDAT", "IEND"].includes(type));
  if (bytes[25] !== INDEXED) return file;
  const grey = file.buffer === bytes.buffer ? Buffer.from(file) : file;
  grey[25] = GREY;
  grey.writeUInt32BE(crc32(grey.subarray(12, 29)), 29);
  return grey;
}

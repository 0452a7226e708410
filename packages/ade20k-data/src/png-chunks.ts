import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createInflate } from "node:zlib";
import { Excess } from "./image-limits.ts";

/** A part of a PNG file; the last one may be cut off. */
export interface PngChunk {
  type: string;
  /** Where it begins, with its length. */
  start: number;
  /** Where it ends, behind its checksum; perhaps beyond the file's end. */
  end: number;
}

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
/** Bytes of a chunk's length, type and checksum. */
export const FRAME = 12;

/** The chunks of a PNG, in order. */
export function* pngChunks(bytes: Buffer): Generator<PngChunk, void, undefined> {
  for (let start = SIGNATURE.length; start + 8 <= bytes.length; ) {
    const end = start + FRAME + bytes.readUInt32BE(start);
    yield { type: bytes.toString("latin1", start + 4, start + 8), start, end };
    start = end;
  }
}

/** A PNG with those of its chunks that are kept: a view of the file where that is all, else a copy. */
export function keepChunks(bytes: Buffer, isKept: (chunk: PngChunk) => boolean): Buffer {
  const parts: Buffer[] = [];
  let [from, to] = [0, SIGNATURE.length];
  for (const chunk of pngChunks(bytes)) {
    if (!isKept(chunk)) continue;
    // Neighbours are one part, of however many chunks.
    if (chunk.start !== to) {
      parts.push(bytes.subarray(from, to));
      from = chunk.start;
    }
    to = chunk.end;
  }
  const last = bytes.subarray(from, to);
  return parts.length === 0 ? last : Buffer.concat([...parts, last]);
}

/** What decides about an image's pixels, colours apart that nobody applies. */
const CRITICAL = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
/** A JPEG's is never larger. */
const LARGEST_EXIF = 2 ** 16;
const MOST_CHUNKS = 100;

/**
 * A PNG without what its decoder would inflate, parse and keep for nobody: texts, profiles and other frames, where there is much of them.
 */
export function leanPng(bytes: Buffer): Buffer {
  let [count, size] = [0, 0];
  for (const { type, start, end } of pngChunks(bytes)) {
    if (CRITICAL.has(type)) continue;
    count++;
    size += end - start;
  }
  if (count <= MOST_CHUNKS && size <= LARGEST_EXIF) return bytes;
  return keepChunks(
    bytes,
    ({ type, start, end }) => CRITICAL.has(type) || (type === "eXIf" && end - start <= LARGEST_EXIF),
  );
}

/** What a PNG's header says of its pixels. */
export interface PngSize {
  width: number;
  height: number;
  /** Bits of one value. */
  depth: number;
  /** Values a pixel, of which a palette's index is one. */
  channels: 1 | 2 | 3 | 4;
  interlaced: boolean;
}

/** Channels by PNG's colour type: grey, RGB, palette, grey and alpha, RGB and alpha. */
const CHANNELS: Readonly<Record<number, 1 | 2 | 3 | 4>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** What a PNG's header says of its pixels; undefined where a file is no PNG. */
export function pngSize(bytes: Buffer): PngSize | undefined {
  const channels = CHANNELS[bytes[25] ?? -1];
  if (bytes.length < 26 || !channels || !SIGNATURE.equals(bytes.subarray(0, 8))) return undefined;
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  return { width, height, depth: bytes[24]!, channels, interlaced: bytes[28] === 1 };
}

/** First column, first row, step of columns, step of rows of the seven passes of interlaced files. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The bytes of all rows, each with the number of its filter. */
function rowBytes({ width, height, depth, channels, interlaced }: PngSize): number {
  let bytes = 0;
  for (const [left, top, right, down] of interlaced ? PASSES : ([[0, 0, 1, 1]] as const)) {
    const [columns, rows] = [Math.ceil((width - left) / right), Math.ceil((height - top) / down)];
    if (columns > 0 && rows > 0) bytes += rows * (1 + Math.ceil((columns * depth * channels) / 8));
  }
  return bytes;
}

/** Deflate makes of a byte no more. */
const MOST_INFLATION = 1032;
/** What careless encoders add. */
const SLACK = 2 ** 16;
const STEP = 2 ** 18;

/**
 * Inflates a PNG's pixels as far as its size needs them and no further, keeping nothing: decoders go on to the end, whatever comes.
 *
 * @throws {Excess} if there are more. What else is wrong with them, their decoder tells.
 */
export async function refuseSurplusPixels(bytes: Buffer, size: PngSize): Promise<void> {
  const needed = rowBytes(size);
  let packed = 0;
  for (const { type, start, end } of pngChunks(bytes)) if (type === "IDAT") packed += end - start - FRAME;
  if (packed * MOST_INFLATION <= needed + SLACK) return;
  let inflated = 0;
  const surplus = new Excess(`holds more image data than ${size.width}×${size.height} pixels have`);
  const count = new Writable({
    highWaterMark: STEP,
    write(rows: Buffer, _, done) {
      inflated += rows.length;
      done(inflated > needed + SLACK ? surplus : null);
    },
  });
  try {
    await pipeline(Readable.from(pixelData(bytes), { objectMode: false }), createInflate({ chunkSize: STEP }), count);
  } catch (error) {
    if (error === surplus) throw error;
  }
}

/** What the IDAT chunks hold, some bytes at a time. */
function* pixelData(bytes: Buffer): Generator<Buffer, void, undefined> {
  for (const { type, start, end } of pngChunks(bytes)) {
    if (type !== "IDAT") continue;
    for (let at = start + 8; at < end - 4; at += STEP) {
      const part = bytes.subarray(at, Math.min(at + STEP, end - 4));
      if (part.length > 0) yield part;
    }
  }
}

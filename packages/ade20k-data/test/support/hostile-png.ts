import { constants, deflateSync } from "node:zlib";
import { chunk } from "../png.ts";
import { ascii, u32be } from "./bytes.ts";

/** A PNG of parts that need not fit together. */
export interface PngParts {
  width: number;
  height: number;
  /** Default 8. */
  depth?: number;
  /** Default 0, grey. */
  colorType?: number;
  interlaced?: boolean;
  /** Chunks between the header and the pixels. */
  before?: readonly Buffer[];
  /** Compressed pixels; one IDAT chunk each. */
  pixels: readonly Buffer[];
  /** Chunks after the pixels. */
  after?: readonly Buffer[];
}

export function png({
  width,
  height,
  depth = 8,
  colorType = 0,
  interlaced = false,
  before = [],
  pixels,
  after = [],
}: PngParts): Buffer {
  const rest = Buffer.from([depth, colorType, 0, 0, interlaced ? 1 : 0]);
  return Buffer.concat([
    ascii("\x89PNG\r\n\x1a\n"),
    chunk("IHDR", Buffer.concat([u32be(width), u32be(height), rest])),
    ...(colorType === 3 ? [chunk("PLTE", Buffer.alloc(6))] : []),
    ...before,
    ...pixels.map((data) => chunk("IDAT", data)),
    ...after,
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const BLOCK = 2 ** 20;
/** A mebibyte of zeros that can be repeated, because what follows does not look back at it. */
let block: Buffer | undefined;

/** A zlib stream of `length` zeros, of a thousandth of the size; made without ever holding them. */
export function zeros(length: number): Buffer {
  const flush = { level: 9, finishFlush: constants.Z_FULL_FLUSH };
  // The first two bytes are zlib's header.
  block ??= deflateSync(Buffer.alloc(BLOCK), flush).subarray(2);
  const rest = deflateSync(Buffer.alloc(length % BLOCK), flush).subarray(2);
  const blocks = Array<Buffer>(Math.floor(length / BLOCK)).fill(block);
  // Adler-32 of zeros: the first sum stays 1, the second counts them.
  const end = Buffer.concat([Buffer.from([3, 0]), u32be((length % 65521) * 65536 + 1)]);
  return Buffer.concat([Buffer.from([0x78, 0xda]), ...blocks, rest, end]);
}

/** Bytes of a PNG's rows before they are compressed, filters included; not interlaced. */
export const rowBytes = (width: number, height: number, bitsPerPixel: number): number =>
  height * (1 + Math.ceil((width * bitsPerPixel) / 8));

/** All black, all there. */
export const blackPng = (width: number, height: number, depth: 1 | 2 | 4 | 8 | 16 = 8): Buffer =>
  png({ width, height, depth, pixels: [zeros(rowBytes(width, height, depth))] });

/** More pixels than the header tells of. */
export const tooManyPixels = (width: number, height: number, bytes: number, colorType = 0): Buffer =>
  png({ width, height, colorType, pixels: [zeros(bytes)] });

/** A small picture with `count` chunks that inflate to `bytes` each. */
export function inflatingChunks(type: "zTXt" | "iTXt" | "iCCP", bytes: number, count = 1): Buffer {
  const head = { zTXt: "Comment\0\0", iTXt: "Comment\0\x01\0\0\0", iCCP: "profile\0\0" }[type];
  const bomb = chunk(type, Buffer.concat([ascii(head), zeros(bytes)]));
  return png({ width: 8, height: 8, before: Array(count).fill(bomb), pixels: [zeros(72)] });
}

/** A small picture with `count` chunks of a type without contents. */
export const manyChunks = (count: number, type = "tEXt", data = ascii("a\0b")): Buffer =>
  png({ width: 8, height: 8, before: Array(count).fill(chunk(type, data)), pixels: [zeros(72)] });

/** A picture of a pixel's rows, whose pixels come in many empty chunks. */
export const manyPixelChunks = (count: number): Buffer =>
  png({ width: 8, height: 8, pixels: [...Array(count).fill(Buffer.alloc(0)), zeros(72)] });

/** A small picture with a block of EXIF. */
export const pngWithExif = (exif: Buffer): Buffer =>
  png({ width: 8, height: 8, before: [chunk("eXIf", exif)], pixels: [zeros(72)] });

/** A picture that is also an animation of `frames` frames. */
export function apng(frames: number): Buffer {
  const control = (i: number) =>
    chunk("fcTL", Buffer.concat([u32be(i), u32be(8), u32be(8), u32be(0), u32be(0), Buffer.from([0, 1, 0, 1, 0, 0])]));
  const after = Array.from({ length: frames - 1 }, (_, i) => [
    control(2 * i + 1),
    chunk("fdAT", Buffer.concat([u32be(2 * i + 2), zeros(72)])),
  ]);
  const before = [chunk("acTL", Buffer.concat([u32be(frames), u32be(0)])), control(0)];
  return png({ width: 8, height: 8, before, pixels: [zeros(72)], after: after.flat() });
}

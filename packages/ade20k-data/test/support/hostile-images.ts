import { chunk } from "../png.ts";
import { ascii, between, noise, pick, type Random } from "./bytes.ts";
import { orientationExif, overlappingExif } from "./hostile-exif.ts";
import { arithmeticJpeg, jpeg, jpegWithExif, manyScans, withSegments } from "./hostile-jpeg.ts";
import {
  animatedWebp,
  avifOfSize,
  bmp,
  gif,
  greyTags,
  plainVp8l,
  tiff,
  tiledTags,
  vp8x,
  webp,
} from "./hostile-others.ts";
import {
  apng,
  blackPng,
  inflatingChunks,
  manyChunks,
  manyPixelChunks,
  png,
  pngWithExif,
  rowBytes,
  tooManyPixels,
  zeros,
} from "./hostile-png.ts";

/** A file that is made to hurt. */
export interface HostileImage {
  name: string;
  /** What becomes of it as a photo: an error's code, or the size of the picture that is in it all the same. */
  expected: "bad-size" | "truncated" | "not-an-image" | readonly [width: number, height: number];
  /** Makes the file; sizes and counts vary with `random`, around those that matter. */
  build(random: Random): Buffer | Promise<Buffer>;
}

const GIB = 2 ** 30;
const large = (random: Random) => between(random, 14_000, 60_000);
const many = (random: Random, about: number) => between(random, about, about + about / 10);

const oneStrip = [273, 278, 279];
/** A TIFF's tags that claim `strips` strips. */
const stripsOf = (strips: number, type: 4 | 16) => [
  ...greyTags(9000, 9000, 64).filter(({ tag }) => !oneStrip.includes(tag)),
  { tag: 273, type, values: [8], count: strips, at: 8 },
  { tag: 278, type: 4 as const, values: [1] },
  { tag: 279, type, values: [8], count: strips, at: 8 },
];

/** Files of every kind that are known to make decoders slow or large, each at most some megabytes. */
export const HOSTILE_IMAGES: readonly HostileImage[] = [
  {
    name: "a PNG of 8×8 with gigabytes of pixels",
    expected: "truncated",
    build: (random) => tooManyPixels(8, 8, many(random, 3 * GIB), pick(random, [0, 2, 3])),
  },
  {
    name: "a PNG of one bit a pixel, with too many",
    expected: "bad-size",
    build: (random) => blackPng(large(random), large(random), 1),
  },
  {
    name: "a PNG of too many pixels and none there",
    expected: "truncated",
    build: (random) => png({ width: large(random), height: large(random), depth: 16, colorType: 6, pixels: [] }),
  },
  {
    name: "an interlaced PNG that is to be held whole",
    expected: "bad-size",
    build: (random) =>
      png({ width: between(random, 7000, 12_000), height: 7000, interlaced: true, pixels: [zeros(100)] }),
  },
  { name: "a PNG of one very long row after another", expected: "bad-size", build: () => blackPng(10_000_000, 4, 1) },
  {
    name: "a PNG whose texts inflate",
    expected: [8, 8],
    build: (random) => inflatingChunks(pick(random, ["zTXt", "iTXt"]), 45e6, many(random, 30)),
  },
  { name: "a PNG whose profile inflates", expected: [8, 8], build: () => inflatingChunks("iCCP", GIB) },
  { name: "a PNG of many texts", expected: [8, 8], build: (random) => manyChunks(many(random, 200_000)) },
  {
    name: "a PNG of many unknown chunks",
    expected: [8, 8],
    build: (random) => manyChunks(many(random, 200_000), "abCd", Buffer.alloc(0)),
  },
  {
    name: "a PNG of many empty pixel chunks",
    expected: [8, 8],
    build: (random) => manyPixelChunks(many(random, 200_000)),
  },
  { name: "a PNG whose EXIF lies over itself", expected: [8, 8], build: () => pngWithExif(overlappingExif(5e6)) },
  { name: "a PNG of many frames", expected: [8, 8], build: (random) => apng(many(random, 10_000)) },
  {
    name: "a JPEG of too many pixels",
    expected: "bad-size",
    build: (random) => jpeg(large(random), large(random), 1000),
  },
  { name: "a JPEG of many pixels and none there", expected: "truncated", build: () => jpeg(13_000, 13_000, 0) },
  {
    name: "a progressive JPEG of many scans",
    expected: "truncated",
    build: (random) => manyScans(4000, 4000, many(random, 300)),
  },
  { name: "a JPEG by arithmetic coding", expected: [3000, 3000], build: () => arithmeticJpeg(3000, 3000, 20_000) },
  {
    name: "a JPEG whose EXIF lies over itself",
    expected: [16, 16],
    build: () => jpegWithExif(overlappingExif(60_000)),
  },
  {
    name: "a JPEG of many comments",
    expected: [16, 16],
    build: (random) =>
      withSegments(jpeg(16, 16, 8), Array(many(random, 100_000)).fill({ marker: 0xfe, data: Buffer.alloc(8) })),
  },
  {
    name: "a GIF of too many pixels",
    expected: "bad-size",
    build: (random) => gif(16, 16, { size: [large(random), large(random)] }),
  },
  {
    name: "a GIF of many frames",
    expected: [16, 16],
    build: (random) => gif(16, 16, { frames: many(random, 100_000), size: [16, 16] }),
  },
  {
    name: "a WebP that is to be held whole",
    expected: "bad-size",
    build: async () => webp([{ type: "VP8L", data: await plainVp8l(16_383, 16_383) }]),
  },
  { name: "a WebP of many frames", expected: [16, 16], build: (random) => animatedWebp(16, 16, many(random, 30_000)) },
  {
    name: "a WebP whose EXIF lies over itself",
    expected: [8, 8],
    build: async () =>
      webp([
        vp8x(8, 8, 0x08),
        { type: "VP8L", data: await plainVp8l(8, 8) },
        { type: "EXIF", data: Buffer.concat([ascii("Exif\0\0"), overlappingExif(5e6)]) },
      ]),
  },
  {
    name: "an AVIF of too many pixels",
    expected: "bad-size",
    build: (random) => avifOfSize(large(random), large(random)),
  },
  { name: "an AVIF of other pixels than it says", expected: "truncated", build: () => avifOfSize(6000, 6000) },
  {
    name: "a TIFF of many pages",
    expected: [8, 8],
    build: (random) => tiff(Array(many(random, 11_000)).fill(greyTags(8, 8, 64)), { pixels: Buffer.alloc(64) }),
  },
  {
    name: "a TIFF whose later pages have tags that nobody knows",
    expected: [8, 8],
    build: (random) => {
      const unknown = Array.from({ length: 3000 }, (_, i) => ({ tag: 1000 + i, type: 4 as const, values: [i] }));
      const page = [...greyTags(8, 8, 64), ...unknown];
      return tiff([greyTags(8, 8, 64), ...Array(many(random, 100)).fill(page)], { pixels: Buffer.alloc(64) });
    },
  },
  {
    name: "a BigTIFF whose later pages have tags over one another",
    expected: [8, 8],
    build: (random) => {
      const page = [...greyTags(8, 8, 64), { tag: 34_675, type: 4 as const, values: [0], count: 500_000, at: 16 }];
      const pages = [greyTags(8, 8, 64, 1, 16), ...Array(many(random, 1000)).fill(page)];
      return tiff(pages, { big: true, pixels: Buffer.alloc(2e6) });
    },
  },
  {
    name: "a TIFF of more tags than anyone needs",
    expected: "not-an-image",
    build: (random) => {
      const unknown = Array.from({ length: many(random, 8000) }, (_, i) => ({
        ...{ tag: 1000 + i, type: 4 as const, values: [i] },
      }));
      return tiff([[...greyTags(8, 8, 64), ...unknown]], { pixels: Buffer.alloc(64) });
    },
  },
  {
    name: "a TIFF whose pages lead back",
    expected: [8, 8],
    build: () => tiff([greyTags(8, 8, 64)], { pixels: Buffer.alloc(64), next: 72 }),
  },
  { name: "a TIFF of 2³² strips", expected: "truncated", build: () => tiff([stripsOf(2 ** 32 - 1, 4)]) },
  { name: "a BigTIFF of 2⁴⁰ strips", expected: "truncated", build: () => tiff([stripsOf(2 ** 40, 16)], { big: true }) },
  {
    name: "a BigTIFF whose strip is its own header",
    expected: [8, 8],
    build: () => tiff([greyTags(8, 8, 64, 1, 0)], { big: true, pixels: Buffer.alloc(64) }),
  },
  {
    name: "a TIFF whose tags lie over one another",
    expected: "truncated",
    build: () => {
      const tags = Array.from({ length: 3000 }, (_, i) => ({
        ...{ tag: 40_000 + i, type: 4 as const, values: [0], count: 1_200_000, at: 100 },
      }));
      return tiff([[...greyTags(8, 8, 64), ...tags]], { pixels: Buffer.alloc(5_000_000) });
    },
  },
  {
    name: "a TIFF of a strip that inflates",
    expected: [8, 8],
    build: () => {
      const pixels = zeros(GIB);
      return tiff([greyTags(8, 8, pixels.length, 8)], { pixels });
    },
  },
  {
    name: "a TIFF of a tile of gigabytes",
    expected: "not-an-image",
    build: () => {
      const pixels = zeros(1e6);
      return tiff([tiledTags(16, 16, 65_536, pixels.length, 8)], { pixels });
    },
  },
  {
    name: "a TIFF of too many pixels",
    expected: "bad-size",
    build: (random) => tiff([greyTags(large(random), large(random), 64)]),
  },
  {
    name: "a BMP of rows from below without end",
    expected: "bad-size",
    build: () => bmp(100, -(2 ** 31), Buffer.alloc(100)),
  },
  {
    name: "a BMP of too many pixels in runs",
    expected: "bad-size",
    build: (random) => bmp(large(random), large(random), Buffer.from([0, 1]), { compression: 1 }),
  },
  {
    name: "a drawing that would read other files",
    expected: "not-an-image",
    build: () =>
      ascii(
        '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" width="99999" height="99999"><text>&e;</text><image href="file:///etc/passwd"/></svg>',
      ),
  },
  {
    name: "a PDF",
    expected: "not-an-image",
    build: () => ascii("%PDF-1.7\n1 0 obj<</Type/Page/MediaBox[0 0 99999 99999]>>"),
  },
  {
    name: "a JPEG XL",
    expected: "not-an-image",
    build: (random) => Buffer.concat([ascii("\xff\x0a"), noise(random, 500)]),
  },
];

/** Small whole files, to be damaged. */
export const SMALL_IMAGES: readonly (() => Buffer | Promise<Buffer>)[] = [
  () => blackPng(20, 12, 4),
  () => png({ width: 9, height: 7, depth: 2, colorType: 3, interlaced: true, pixels: [zeros(60)] }),
  () =>
    png({
      width: 9,
      height: 7,
      depth: 16,
      colorType: 6,
      pixels: [zeros(rowBytes(9, 7, 64))],
      after: [chunk("tEXt", ascii("a\0b"))],
    }),
  () => apng(3),
  () => pngWithExif(orientationExif(6)),
  () => jpeg(20, 12, 40),
  () => jpegWithExif(orientationExif(8), manyScans(24, 16, 3)),
  () => gif(16, 16, { frames: 3, size: [16, 16] }),
  async () => webp([{ type: "VP8L", data: await plainVp8l(9, 7) }]),
  () => animatedWebp(9, 7, 3),
  () => avifOfSize(16, 16),
  () => tiff([greyTags(9, 7, 63), greyTags(3, 3, 9)], { pixels: Buffer.alloc(64) }),
  () => tiff([greyTags(9, 7, 63)], { pixels: Buffer.alloc(64), big: true }),
  () => bmp(9, 7, Buffer.alloc(84)),
  () => bmp(9, 7, Buffer.from([9, 0, 0, 0, 9, 1, 0, 1]), { compression: 1 }),
  () => bmp(9, -7, Buffer.alloc(9 * 7 * 4), { bits: 32 }),
];

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff];

/** A file with some bytes changed, numbers among them brought to an extreme, a part left out, doubled or cut off. */
export function damaged(file: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(file);
  for (let changes = between(random, 1, 4); changes > 0; changes--) {
    const at = between(random, 0, bytes.length - 1);
    const length = between(random, 1, Math.min(16, bytes.length - at));
    const part = bytes.subarray(at, at + length);
    const kind = random();
    if (kind < 0.3) bytes[at] = between(random, 0, 255);
    else if (kind < 0.6) part.subarray(0, 4).fill(pick(random, EXTREMES));
    else if (kind < 0.7) noise(random, length).copy(bytes, at);
    else if (kind < 0.8) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    else if (kind < 0.9) bytes = Buffer.concat([bytes.subarray(0, at + length), part, bytes.subarray(at + length)]);
    else bytes = bytes.subarray(0, Math.max(1, at));
    if (bytes.length === 0) return file;
  }
  return bytes;
}

import { deflateSync } from "node:zlib";
import { bmp } from "../build/bmp.ts";
import { gif, plainCodes } from "../build/gif.ts";
import { type Field, rgbFields, TAG, tiff } from "../build/tiff.ts";
import type { Format } from "../src/format.ts";
import { EXTREMES } from "../src/mutate-bytes.ts";
import type { Random } from "../src/random.ts";
import { photoFormat, sample } from "./photo.ts";

/** Sides of pictures: usual, none, and more than any picture has. */
const side = (random: Random) => random.pick([0, 1, 2, 3, 12, 16, 1000, 16384, 30000, 65535, 65536, ...EXTREMES]);

/** JPEG: segments of any length in any order, and sizes that the data do not have. */
const JPEG = photoFormat(
  "jpg",
  5,
  () =>
    Promise.all([
      sample().jpeg().toBuffer(),
      sample().jpeg({ progressive: true }).toBuffer(),
      sample(12, 9, 1).toColourspace("b-w").jpeg().toBuffer(),
      sample().toColourspace("cmyk").jpeg().toBuffer(),
      sample().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    ]),
  [
    [15, "other sizes", (random, seeds) => resized(random, Buffer.from(random.pick(seeds)))],
    [10, "shuffled segments", (random, seeds) => Buffer.concat(random.shuffled(segments(random.pick(seeds))))],
    [
      5,
      "repeated segments",
      (random, seeds) =>
        Buffer.concat(segments(random.pick(seeds)).flatMap((part) => Array<Buffer>(random.size(50)).fill(part))),
    ],
    [5, "many scans", (random, seeds) => manyScans(random, seeds[1]!)],
  ],
);

/** The segments of a JPEG, of which the last holds all that follows the first scan's header. */
function segments(bytes: Uint8Array): Buffer[] {
  const file = Buffer.from(bytes);
  const parts = [file.subarray(0, 2)];
  for (let at = 2; at + 4 <= file.length; ) {
    const end = file[at + 1] === 0xda ? file.length : at + 2 + file.readUInt16BE(at + 2);
    parts.push(file.subarray(at, end));
    at = end;
  }
  return parts;
}

/** Another size in the frame's header. */
function resized(random: Random, file: Buffer): Buffer {
  const at = file.findIndex((byte, i) => byte === 0xff && [0xc0, 0xc2].includes(file[i + 1]!));
  if (at >= 0) file.writeUInt16BE(side(random) & 0xffff, at + 5 + 2 * random.below(2));
  return file;
}

/** A progressive picture whose scans come again and again: each goes over the whole picture. */
function manyScans(random: Random, seed: Uint8Array): Buffer {
  const file = resized(random, Buffer.from(seed));
  const at = file.lastIndexOf(Buffer.from([0xff, 0xda]));
  const scan = file.subarray(at, file.length - 2);
  return Buffer.concat([file.subarray(0, at), ...Array<Buffer>(random.size(300)).fill(scan), file.subarray(-2)]);
}

const GIF = photoFormat(
  "gif",
  5,
  async () => [gif(12, 9, [{ width: 12, height: 9, codes: plainCodes(108) }]), await sample().gif().toBuffer()],
  [
    [
      15,
      "other sizes",
      (random) =>
        gif(side(random), side(random), [{ width: side(random), height: side(random), codes: plainCodes(108) }]),
    ],
    [
      10,
      "pictures elsewhere",
      (random) =>
        gif(
          12,
          9,
          Array.from({ length: random.size(300) }, () => ({
            left: side(random),
            top: side(random),
            width: 12,
            height: 9,
            codes: plainCodes(20),
          })),
        ),
    ],
    [
      10,
      "any codes",
      (random) =>
        gif(60, 60, [{ width: 60, height: 60, codeSize: random.below(14), codes: random.bytes(random.size(600)) }]),
    ],
    [
      5,
      "extensions",
      (random) =>
        gif(
          12,
          9,
          [{ width: 12, height: 9, codes: plainCodes(108) }],
          Array.from({ length: random.size(500) }, () =>
            Buffer.concat([Buffer.from("!"), random.bytes(random.size(300))]),
          ),
        ),
    ],
  ],
);

const BMP = photoFormat(
  "bmp",
  6,
  async () => [
    bmp({ width: 3, height: 2, bits: 24, data: Buffer.alloc(24, 9) }),
    bmp({ width: 4, height: -2, bits: 8, colors: 2, palette: Buffer.alloc(8, 50), data: Buffer.alloc(8, 1) }),
    bmp({
      width: 4,
      height: 2,
      bits: 8,
      compression: 1,
      colors: 2,
      palette: Buffer.alloc(8),
      data: Buffer.from([4, 1, 0, 0, 4, 0, 0, 1]),
    }),
    bmp({
      width: 2,
      height: 2,
      bits: 16,
      compression: 3,
      palette: Buffer.from([0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 31, 0, 0, 0]),
      data: Buffer.alloc(8, 77),
    }),
  ],
  [
    [
      25,
      "other headers",
      (random) =>
        bmp({
          width: side(random),
          height: random.oneIn(3) ? -side(random) : side(random),
          bits: random.pick([0, 1, 2, 4, 8, 16, 24, 32, 33, 64]),
          compression: random.pick([0, 1, 2, 3, 4, 5, 6, 11]),
          headerSize: random.pick([12, 16, 40, 52, 56, 64, 108, 124]),
          colors: random.pick(EXTREMES),
          offset: random.oneIn(2) ? undefined : random.pick(EXTREMES),
          palette: random.bytes(random.pick([0, 8, 12, 1024])),
          data: random.bytes(random.size(2000)),
        }),
    ],
    [
      10,
      "any runs",
      (random) =>
        bmp({
          width: random.between(2, 300),
          height: random.between(2, 300),
          bits: random.pick([4, 8]),
          compression: random.pick([1, 2]),
          palette: Buffer.alloc(64),
          data: runs(random),
        }),
    ],
    [
      5,
      "masks",
      (random) =>
        bmp({
          width: 4,
          height: 4,
          bits: random.pick([16, 32]),
          compression: random.pick([3, 6]),
          palette: random.bytes(16),
          data: random.bytes(64),
        }),
    ],
    // Few bytes that say: nothing follows, and all the rest of so many pixels is black.
    [
      2,
      "many pixels of nothing",
      (random) => {
        // A camera's sizes, and some beyond any limit.
        const [width, height] = random.pick([
          [2000, 3000],
          [4000, 3000],
          [8000, 6000],
          [16384, 8000],
          [13_370, 13_370],
          [16384, 16384],
          [60_000, 60_000],
        ] as const);
        const size = { width, height, bits: 8, compression: 1 };
        return bmp({ ...size, palette: Buffer.alloc(8, random.pick([0, 40])), data: Buffer.from([0, 1]) });
      },
    ],
  ],
);

const runs = (random: Random) =>
  Buffer.concat(
    Array.from({ length: random.size(400) }, () =>
      random.pick([
        () => Buffer.from([random.below(256), 1]),
        () => Buffer.from([0, random.below(4)]),
        () => random.bytes(random.size(20)),
        () => Buffer.from([0, 2, 255, 255]),
      ])(),
    ),
  );

const WEBP = photoFormat(
  "webp",
  4,
  () =>
    Promise.all([
      sample().webp().toBuffer(),
      sample().webp({ lossless: true }).toBuffer(),
      sample(12, 9, 4).webp().toBuffer(),
      sample().withMetadata({ orientation: 3 }).webp({ lossless: true }).toBuffer(),
    ]),
  [
    [10, "chunks", (random, seeds) => riff(random, random.pick(seeds))],
    [10, "a canvas", (random, seeds) => canvas(random, random.pick(seeds))],
  ],
);

/** The chunks of a RIFF, shuffled, repeated, lost, or of another length. */
function riff(random: Random, seed: Uint8Array): Buffer {
  const file = Buffer.from(seed);
  const chunks: Buffer[] = [];
  for (let at = 12; at + 8 <= file.length; ) {
    const end = at + 8 + file.readUInt32LE(at + 4) + (file.readUInt32LE(at + 4) % 2);
    chunks.push(Buffer.from(file.subarray(at, end)));
    at = end;
  }
  const body = Buffer.concat(
    random.shuffled(chunks).flatMap((chunk) => Array<Buffer>(random.pick([0, 1, 1, 1, 5])).fill(chunk)),
  );
  if (body.length >= 8 && random.oneIn(3)) body.writeUInt32LE(random.pick(EXTREMES), 4);
  const head = Buffer.from(file.subarray(0, 12));
  head.writeUInt32LE(random.oneIn(4) ? random.pick(EXTREMES) : body.length + 4, 4);
  return Buffer.concat([head, body]);
}

/** The extended form, whose header has a size of its own. */
function canvas(random: Random, seed: Uint8Array): Buffer {
  const head = Buffer.alloc(18);
  head.write("VP8X");
  head.writeUInt32LE(10, 4);
  head[8] = random.below(256);
  head.writeUIntLE(side(random) % 2 ** 24, 12, 3);
  head.writeUIntLE(side(random) % 2 ** 24, 15, 3);
  const rest = Buffer.from(seed).subarray(12);
  const riffHead = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  riffHead.writeUInt32LE(4 + head.length + rest.length, 4);
  return Buffer.concat([riffHead, head, rest]);
}

const PIXELS = Buffer.alloc(12 * 9 * 3, 5);

const TIFF = photoFormat(
  "tif",
  6,
  () =>
    Promise.all([
      tiff(rgbFields(12, 9), PIXELS),
      sample().tiff({ compression: "lzw" }).toBuffer(),
      sample().tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
      sample().tiff({ compression: "jpeg" }).toBuffer(),
    ]),
  [
    [30, "other fields", (random) => tiff(otherFields(random, rgbFields(12, 9)), PIXELS)],
    [
      5,
      "directories in a ring",
      (random) => tiff(rgbFields(12, 9), PIXELS, random.pick([8 + PIXELS.length, 8, 4, 2 ** 32 - 1])),
    ],
    [5, "tiles", (random) => tiff(tiles(random), PIXELS)],
    [2, "much packed data", (random) => packed(random)],
  ],
);

function otherFields(random: Random, fields: Field[]): Field[] {
  const changed = [...fields];
  for (let i = random.between(1, 4); i > 0; i--) {
    const value = random.pick([...EXTREMES, 5, 6, 32773, 34712, 50000]);
    const tag = random.pick(Object.values(TAG));
    const field: Field = [
      tag,
      random.pick([1, 2, 3, 4, 4, 5, 12, 16]),
      Array<number>(random.size(8)).fill(value),
      random.oneIn(4) ? random.pick(EXTREMES) : undefined,
    ];
    const at = changed.findIndex(([known]) => known === tag);
    if (at >= 0) changed[at] = field;
    else changed.push(field);
  }
  return random.oneIn(5) ? random.shuffled(changed) : changed.sort(([a], [b]) => a - b);
}

function tiles(random: Random): Field[] {
  const untiled = rgbFields(random.pick([12, 1000, 20_000]), random.pick([9, 1000])).filter(
    ([tag]) => ![TAG.strips, TAG.rows, TAG.stripBytes].includes(tag as never),
  );
  const count = random.size(200);
  return [
    ...untiled,
    [TAG.tileWidth, 4, [random.pick([0, 1, 16, 15, 65536, 2 ** 31])]],
    [TAG.tileHeight, 4, [random.pick([0, 16, 65536, 2 ** 31])]],
    [TAG.tiles, 4, Array<number>(count).fill(8)],
    [TAG.tileBytes, 4, Array<number>(count).fill(PIXELS.length)],
  ];
}

/** A strip that unpacks to more than its rows. */
function packed(random: Random): Buffer {
  const data = deflateSync(Buffer.alloc(random.size(2 ** 23)));
  const fields = rgbFields(12, 9).filter(([tag]) => tag !== TAG.compression && tag !== TAG.stripBytes);
  return tiff(
    [...fields, [TAG.compression, 3, [8]], [TAG.stripBytes, 4, [data.length]]].sort(
      ([a], [b]) => (a as number) - (b as number),
    ) as Field[],
    data,
  );
}

/** The formats of photos but PNG, which labels share. */
export const PHOTOS: readonly Format[] = [JPEG, GIF, BMP, WEBP, TIFF];

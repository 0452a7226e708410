import { deflateSync } from "node:zlib";
import { type Chunk, ihdr, type PngHeader, picture, png, rowBytes } from "../build/png.ts";
import type { Format } from "../src/format.ts";
import { EXTREMES } from "../src/mutate-bytes.ts";
import type { Random } from "../src/random.ts";
import { photoFormat } from "./photo.ts";

const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

const EMPTY = Buffer.alloc(0);

/** The header of a small picture of any legal form. */
export function smallHeader(random: Random): PngHeader {
  const type = random.pick([0, 0, 2, 3, 4, 6]);
  return { width: random.between(2, 12), height: random.between(2, 9), depth: random.pick(DEPTHS[type]!), type };
}

/** The chunks of a small picture of any legal form. */
const smallPicture = (random: Random): Chunk[] => picture(smallHeader(random), () => random.below(4));

/** PNGs that are no good, by kind. */
export const HOSTILE_PNGS: readonly (readonly [weight: number, kind: string, make: (random: Random) => Buffer])[] = [
  [20, "chunks", (random) => png(disordered(random, smallPicture(random)))],
  [10, "other headers", (random) => png(withHeader(random, smallPicture(random)))],
  [
    4,
    "fewer data than pixels",
    (random) =>
      png([
        ihdr({ ...smallHeader(random), width: 5000, height: 4000 }),
        ["IDAT", deflateSync(Buffer.alloc(random.size(10_000)))],
        ["IEND", EMPTY],
      ]),
  ],
  [1, "many pixels in few bytes", (random) => png(largePicture(random))],
  [4, "critical chunks again and again", (random) => png(manyChunks(random, smallPicture(random)))],
  [4, "data in many parts", (random) => png(inParts(smallPicture(random), random.between(0, 2)))],
  [
    4,
    "interlaced",
    (random) =>
      png(
        smallPicture(random).map(([type, data, crc]) =>
          type === "IHDR" ? [type, Buffer.from([...data.subarray(0, 12), 1]), crc] : [type, data, crc],
        ),
      ),
  ],
];

/** Whole, but with far more pixels than a file of its size should have; as many as a camera's at most. */
function largePicture(random: Random): Chunk[] {
  const header = {
    width: random.pick([1500, 4000]),
    height: random.pick([1000, 3000]),
    depth: 1,
    type: random.pick([0, 3]),
  };
  const palette: Chunk[] = header.type === 3 ? [["PLTE", Buffer.alloc(6, 40)]] : [];
  return [ihdr(header), ...palette, ["IDAT", deflateSync(Buffer.alloc(rowBytes(header)))], ["IEND", EMPTY]];
}

function disordered(random: Random, chunks: Chunk[]): Chunk[] {
  const at = random.below(chunks.length);
  const [type, data] = chunks[at]!;
  return random.pick<() => Chunk[]>([
    () => random.shuffled(chunks),
    () => chunks.filter((_, i) => i !== at),
    () => chunks.flatMap((chunk, i) => (i === at ? Array<Chunk>(random.size(30)).fill(chunk) : [chunk])),
    () => chunks.with(at, [type, data, random.next()]),
    () => chunks.with(at, [type, data.subarray(0, random.below(data.length))]),
    () => chunks.with(at, [type, Buffer.concat([data, random.bytes(random.size(1000))])]),
    () => chunks.with(at, [random.pick(["PLTE", "tRNS", "IEND", "acTL", "fdAT", "\0\0\0\0", "iCCP"]), data]),
    () => chunks.with(at, [type, random.bytes(random.size(300))]),
  ])();
}

function withHeader(random: Random, chunks: Chunk[]): Chunk[] {
  const [type, data] = chunks[0]!;
  const header = Buffer.from(data);
  const at = random.below(13);
  if (at < 8) header.writeUInt32BE(random.pick(EXTREMES), at < 4 ? 0 : 4);
  else header[at] = random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 255]);
  return [[type, header], ...chunks.slice(1)];
}

function manyChunks(random: Random, [header, ...rest]: Chunk[]): Chunk[] {
  const type = random.pick(["PLTE", "tRNS", "gAMA", "eXIf"]);
  return [header!, ...Array<Chunk>(random.size(20_000)).fill([type, Buffer.from("a\0b")]), ...rest];
}

/** The picture's data a few bytes at a time. */
function inParts(chunks: Chunk[], bytes: number): Chunk[] {
  return chunks.flatMap((chunk): Chunk[] => {
    const [type, data] = chunk;
    if (type !== "IDAT") return [chunk];
    if (bytes === 0) return [...Array<Chunk>(1000).fill(["IDAT", EMPTY]), chunk];
    return Array.from({ length: Math.ceil(data.length / bytes) }, (_, i) => [
      type,
      data.subarray(i * bytes, (i + 1) * bytes),
    ]);
  });
}

/** PNG, as a photo. */
export const PNG: Format = photoFormat(
  "png",
  8,
  async () =>
    [0, 2, 3, 4, 6].flatMap((type) =>
      DEPTHS[type]!.map((depth) => png(picture({ width: 7, height: 5, depth, type }, (i) => i * 11))),
    ),
  HOSTILE_PNGS,
);

import { crc32 } from "node:zlib";
import { FRAME, pngChunks } from "./png-chunks.ts";

/** Legal depths by PNG's colour type. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const INDEXED = 3;
const HEADER_LENGTH = 13;
const CRITICAL = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);
/** The bit of a type's first letter that makes it a small one: a decoder may pass over what it does not know. */
const ANCILLARY = 0x20;

/**
 * What is wrong with a PNG's structure, by the rules of its specification for everything that decides about the pixels: checksums, order and
 * number of chunks. Nothing is inflated, and what follows the last chunk does not count, as for other readers.
 *
 * @param bytes - the whole file, which begins as a PNG does.
 * @returns words for an error's brackets; undefined where nothing is wrong.
 * @see PNG (third edition), sections 5 and 11.
 */
export function pngProblem(bytes: Buffer): string | undefined {
  let [last, hasPalette, hasPixels] = ["", false, false];
  for (const { type, start, end } of pngChunks(bytes)) {
    const length = end - start - FRAME;
    const isAncillary = (bytes[start + 4]! & ANCILLARY) !== 0;
    if (end > bytes.length) return `it ends within its chunk ${type}`;
    if (!isAncillary && !CRITICAL.has(type)) return `its chunk ${type} is critical and unsupported`;
    if (!isAncillary || type === "tRNS") {
      if (crc32(bytes.subarray(start + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) {
        return `its chunk ${type} does not match its checksum`;
      }
    }
    if ((type === "IHDR") !== (last === "")) return last ? "it has two headers" : "its header is not its first chunk";
    if (type === "IHDR") {
      const problem = headerProblem(bytes.subarray(start + 8, end - 4));
      if (problem) return problem;
    }
    if (type === "PLTE") {
      if (hasPalette || hasPixels) return "it has a palette more, or after its pixels";
      if (length === 0 || length % 3 !== 0 || length > 3 * 256) return `its palette has ${length} bytes`;
      hasPalette = true;
    }
    if (type === "IDAT") {
      if (hasPixels && last !== "IDAT") return "other chunks lie between those of its pixels";
      if (bytes[25] === INDEXED && !hasPalette) return "it has indices into a palette, and no palette";
      hasPixels = true;
    }
    if (type === "IEND") return hasPixels ? undefined : "it has no pixels";
    last = type;
  }
  return "it lacks its last chunk";
}

function headerProblem(header: Buffer): string | undefined {
  if (header.length !== HEADER_LENGTH) return `its header has ${header.length} bytes`;
  const [depth, colorType, compression, filter, interlaced] = header.subarray(8) as unknown as number[];
  if (!DEPTHS[colorType!]?.includes(depth!)) return `its header says ${depth} bits of colour type ${colorType}`;
  if (compression! + filter! > 0 || interlaced! > 1) return "its header names an unsupported way of packing";
  return undefined;
}

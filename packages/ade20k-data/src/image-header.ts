import sharp, { type Metadata } from "sharp";
import { bmpHeader } from "./bmp.ts";
import { DataError } from "./errors.ts";
import { firstPicture } from "./gif.ts";
import { imageKind, READ_FORMATS } from "./image-kind.ts";
import { checkImageSize, Excess, HELD_WHOLE, HELD_WHOLE_PHOTO, type PixelLimit } from "./image-limits.ts";
import { heldBytes } from "./jpeg-scans.ts";
import { leanPng } from "./png-chunks.ts";
import { pngProblem } from "./png-problem.ts";
import { firstPage, type TiffTags, tiffTags } from "./tiff-tags.ts";
import { leanWebp } from "./webp-frames.ts";
import { isBareYCbCr, isReadableYCbCr } from "./ycbcr.ts";

const MIN_SIDE = 2;
/** What sharp calls the formats. */
const SHARP_FORMATS: Readonly<Record<string, string>> = { AVIF: "heif" };
/** Formats whose decoders hold the whole image. */
const WHOLE_FORMATS = ["WebP", "AVIF", "GIF"];

/** Depths and colour spaces that have one meaning: floats, signed and 32-bit values may be anything. */
const DEPTHS = ["uchar", "ushort"];
const SPACES = ["srgb", "rgb16", "b-w", "grey16", "cmyk"];

/** What decoders say of files that are whole but of a form that they do not know. */
const UNKNOWN_FORM =
  /(?<!contains )unsupported|not (supported|configured|implemented)|no known route|bad labq|pseudo-tag|out of range|exceeds channel/i;

/** What must be known of an image before it is decoded. */
export interface ImageHeader {
  /** The file, without what would only cost its decoder time and memory. */
  bytes: Buffer;
  /** The format's name. */
  format: string;
  /** Whether its four channels are inks, not RGB and alpha. */
  cmyk: boolean;
  /** Whether its values have 16 bits. */
  wide: boolean;
  /** The tags of a TIFF whose values are brightness and colour differences yet once they are decoded. */
  ycbcr?: TiffTags;
  /** How its rows and columns are to be turned to show it, as EXIF counts: 1, not at all, to 8. */
  orientation: number;
  /** Width in pixels, EXIF rotation applied. */
  width: number;
  /** Height in pixels, EXIF rotation applied. */
  height: number;
}

/**
 * Reads the header of an image file and refuses what cannot or should not be decoded.
 *
 * @param bytes - the whole file.
 * @param name - what errors call it.
 * @throws {DataError} `not-an-image`, `truncated`, `bad-size`; `option`.
 */
export async function readImageHeader(bytes: Buffer, name: string, limit: PixelLimit = {}): Promise<ImageHeader> {
  if (bytes.length === 0) {
    throw new DataError(
      "not-an-image",
      { expected: "an image", but: `${name} is empty`, hint: "copy or download the file again" },
      { data: { file: name } },
    );
  }
  const kind = imageKind(bytes, name);
  if (!kind?.isRead) throw notRead(name, kind ? `is ${kind.name}` : describe(bytes));
  const header = kind.name === "BMP" ? headerOfBmp(bytes, name) : await headerOf(bytes, name, kind.name);
  const { width, height } = header;
  checkImageSize(name, { width, height, weight: weightOf(header) }, limit, MIN_SIDE);
  return header;
}

/** Bytes for each pixel of the limit that decoders may hold of a JPEG: 100 megapixels fit with any sampling of three colours. */
const HELD_BYTES = 4;

/** Pixels of a byte: no photo is packed so tightly, a file that was built to hurt is. */
const SPARSE = 256;

/** As how many pixels one of its own counts. */
function weightOf({ format, bytes, width, height }: ImageHeader): number {
  if (format === "JPEG") return Math.max(1, heldBytes(bytes) / HELD_BYTES);
  const isInterlaced = format === "PNG" && bytes[28] === 1;
  if (!isInterlaced && !WHOLE_FORMATS.includes(format)) return 1;
  return bytes.length * SPARSE >= width * height ? HELD_WHOLE_PHOTO : HELD_WHOLE;
}

/**
 * The sizes that an AVIF declares (its boxes `ispe`), before its decoder prints what it thinks of them.
 *
 * @throws {Error} for one that no image has.
 */
function checkExtents(bytes: Buffer): void {
  // Further on it may be letters in the picture.
  const head = bytes.subarray(0, EXTENTS_WITHIN);
  for (let at = head.indexOf("ispe"); at >= 0 && at + 16 <= head.length; at = head.indexOf("ispe", at + 4)) {
    const side = Math.max(head.readUInt32BE(at + 8), head.readUInt32BE(at + 12));
    if (side > 2 ** 30) throw new Error(`a side of ${side} pixels`);
  }
}

/** Where an AVIF's description ends, which stands before its picture. */
const EXTENTS_WITHIN = 4096;

/** @throws {Excess} if the file would hurt its decoder. */
function leanFile(bytes: Buffer, format: string): Buffer {
  if (format === "PNG") return leanPng(bytes);
  if (format === "WebP") return leanWebp(bytes);
  if (format === "GIF") return firstPicture(bytes);
  if (format === "AVIF") checkExtents(bytes);
  if (format === "TIFF") return firstPage(bytes);
  return bytes;
}

async function headerOf(file: Buffer, name: string, format: string): Promise<ImageHeader> {
  const [bytes, header] = await lookAt(file, format).catch((error: Error) => {
    throw photoError(name, { format, bytes: file }, error);
  });
  if (header.format === "heif" && header.compression !== "av1") throw notRead(name, "is HEIC");
  if (header.format !== (SHARP_FORMATS[format] ?? format.toLowerCase())) throw notRead(name, `is no ${format} image`);
  const { space, depth, orientation = 1 } = header;
  if (!DEPTHS.includes(depth) || !SPACES.includes(space)) {
    throw notRead(name, `is a ${format} image of ${depth} values, ${space}`, "convert it to 8 bits a channel");
  }
  const { width, height } = header.autoOrient;
  const found = { bytes, format, cmyk: space === "cmyk", wide: depth === "ushort", orientation, width, height };
  if (format !== "TIFF") return found;
  const tags = tiffTags(bytes);
  // What stands where the image should be is a thumbnail of it.
  if (tags.dngVersion || (tags.subfileType?.[0] ?? 0) & 1)
    throw notRead(name, "holds a preview of a camera's raw image");
  const isPlanar = tags.planar?.[0] === 2 && (tags.samples?.[0] ?? 1) < 3;
  if (isPlanar || !isReadableYCbCr(tags)) {
    throw notRead(
      name,
      "is a TIFF whose channels are packed in a way that is not read",
      "save it as RGB, 8 bits a channel",
    );
  }
  return isBareYCbCr(tags) ? { ...found, ycbcr: tags } : found;
}

async function lookAt(file: Buffer, format: string): Promise<[Buffer, Metadata]> {
  const bytes = leanFile(file, format);
  // Its size is checked after this, by its name.
  return [bytes, await sharp(bytes, { limitInputPixels: false }).metadata()];
}

function headerOfBmp(bytes: Buffer, name: string): ImageHeader {
  try {
    const { width, height } = bmpHeader(bytes);
    return { bytes, format: "BMP", cmyk: false, wide: false, orientation: 1, width, height };
  } catch (error) {
    throw photoError(name, { format: "BMP", bytes }, error as Error);
  }
}

function notRead(name: string, found: string, hint = "convert it or leave it out", cause?: Error): DataError {
  return new DataError(
    "not-an-image",
    { expected: `a ${READ_FORMATS.join(", ")} image`, but: `${name} ${found}`, hint },
    { cause, data: { file: name } },
  );
}

/** The DataError for a photo that cannot be decoded: damaged, or of a form that its decoder does not know. */
export function photoError(
  name: string,
  { format, bytes }: Pick<ImageHeader, "format" | "bytes">,
  error: Error,
): DataError {
  // Of a PNG's structure, libvips tells nothing.
  const problem = format === "PNG" && !(error instanceof Excess) ? pngProblem(bytes) : undefined;
  return decodingError(name, `${format} image`, problem ? new Error(problem, { cause: error }) : error);
}

function decodingError(name: string, kind: string, error: Error): DataError {
  if (error instanceof Excess || !UNKNOWN_FORM.test(error.message)) return damagedError(name, kind, error);
  const found = `is a ${kind} of a form that is not read (${detailOf(error)})`;
  return notRead(name, found, "save it in another form", error);
}

/** The DataError for a file of a known format that cannot be decoded to its end, or only at a price. */
export function damagedError(name: string, kind: string, error: Error): DataError {
  if (error instanceof Excess) {
    const hint = "copy the file again, or save it without what is not its picture";
    return new DataError(
      "truncated",
      { expected: `a ${kind} that holds no more than its size needs`, but: `${name} ${error.message}`, hint },
      { data: { file: name } },
    );
  }
  const detail = detailOf(error);
  // The decoder's threads, not the file.
  if (/creating thread|Resource temporarily unavailable/i.test(error.message)) {
    const hint = "raise the limit (ulimit -u), or end other programs";
    return new DataError(
      "unreadable",
      { expected: `threads to decode ${name} with`, but: `the system starts no more (${detail})`, hint },
      { cause: error, data: { file: name } },
    );
  }
  const found = detail ? `cut off or damaged (${detail})` : "cut off, damaged, or of a form that is not read";
  return new DataError(
    "truncated",
    {
      expected: `a whole ${kind}`,
      but: `${name} is ${found}`,
      hint: "copy or download the file again",
    },
    { cause: error, data: { file: name } },
  );
}

/** What libvips says where nobody knows more. */
const SAYS_NOTHING = /bad seek|^Unknown error$|contains unsupported image format/i;

/** The line of a decoder's message that tells most; undefined where none does. */
function detailOf({ message }: Error): string | undefined {
  const lines = message.replace(/^Input (buffer|file) has corrupt header:/, "").split("\n");
  return lines.map((line) => line.trim()).find((line) => line && !SAYS_NOTHING.test(line));
}

function describe(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  if (/^\s*<(!doctype html|html|head|body)/i.test(start)) return "is a web page";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters tell binary files from text
  return /[\x00-\x08\x0e-\x1f]/.test(start) ? "is in another format" : "holds text";
}

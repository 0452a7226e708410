import sharp from "sharp";
import { bmpHeader } from "./bmp.ts";
import { DataError } from "./errors.ts";
import { imageKind, READ_FORMATS } from "./image-kind.ts";
import { type TiffTags, tiffTags } from "./tiff-tags.ts";
import { isBareYCbCr, isReadableYCbCr } from "./ycbcr.ts";

const MIN_SIDE = 2;
const MAX_PIXELS = 2 ** 28;

/** Depths and colour spaces that have one meaning: floats, signed and 32-bit values may be anything. */
const DEPTHS = ["uchar", "ushort"];
const SPACES = ["srgb", "rgb16", "b-w", "grey16", "cmyk"];

/** What decoders say of files that are whole but of a form that they do not know. */
const UNKNOWN_FORM =
  /(?<!contains )unsupported|not (supported|configured|implemented)|no known route|bad labq|pseudo-tag|out of range|exceeds channel/i;

/** What must be known of an image before it is decoded. */
export interface ImageHeader {
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
 * @throws {DataError} `not-an-image`, `truncated`, `bad-size`.
 */
export async function readImageHeader(bytes: Uint8Array, name: string): Promise<ImageHeader> {
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
  checkImageSize(name, width, height);
  return header;
}

/** @throws {DataError} `bad-size` for an image that has too few pixels or too many. */
export function checkImageSize(name: string, width: number, height: number, least = MIN_SIDE): void {
  if (Math.min(width, height) >= least && width * height <= MAX_PIXELS) return;
  throw new DataError(
    "bad-size",
    {
      expected: `an image of at least ${least}×${least} and at most ${MAX_PIXELS} pixels`,
      but: `${name} has ${width}×${height}`,
      hint: "crop or resize it",
    },
    { data: { file: name, width, height } },
  );
}

async function headerOf(bytes: Uint8Array, name: string, format: string): Promise<ImageHeader> {
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: Error) => {
      throw decodingError(name, `${format} image`, error);
    });
  if (header.format === "heif" && header.compression !== "av1") throw notRead(name, "is HEIC");
  const { space, depth, orientation = 1 } = header;
  if (!DEPTHS.includes(depth) || !SPACES.includes(space)) {
    throw notRead(name, `is a ${format} image of ${depth} values, ${space}`, "convert it to 8 bits a channel");
  }
  const { width, height } = header.autoOrient;
  const found = { format, cmyk: space === "cmyk", wide: depth === "ushort", orientation, width, height };
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

function headerOfBmp(bytes: Uint8Array, name: string): ImageHeader {
  try {
    const { width, height } = bmpHeader(bytes);
    return { format: "BMP", cmyk: false, wide: false, orientation: 1, width, height };
  } catch (error) {
    throw decodingError(name, "BMP image", error as Error);
  }
}

function notRead(name: string, found: string, hint = "convert it or leave it out", cause?: Error): DataError {
  return new DataError(
    "not-an-image",
    { expected: `a ${READ_FORMATS.join(", ")} image`, but: `${name} ${found}`, hint },
    { cause, data: { file: name } },
  );
}

/** The DataError for a file of a known format that cannot be decoded: damaged, or of a form that its decoder does not know. */
export function decodingError(name: string, kind: string, error: Error): DataError {
  if (!UNKNOWN_FORM.test(error.message)) return damagedError(name, kind, error);
  const found = `is a ${kind} of a form that is not read (${detailOf(error)})`;
  return notRead(name, found, "save it in another form", error);
}

/** The DataError for a file of a known format that cannot be decoded to its end. */
export function damagedError(name: string, kind: string, error: Error): DataError {
  const detail = detailOf(error);
  return new DataError(
    "truncated",
    {
      expected: `a whole ${kind}`,
      but: `${name} is cut off or damaged${detail ? ` (${detail})` : ""}`,
      hint: "copy or download the file again",
    },
    { cause: error, data: { file: name } },
  );
}

/** The line of a decoder's message that tells most. */
function detailOf({ message }: Error): string | undefined {
  const lines = message.replace(/^Input (buffer|file) has corrupt header:/, "").split("\n");
  return lines.map((line) => line.trim()).find((line) => line && !line.includes("bad seek"));
}

function describe(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  if (/^\s*<(!doctype html|html|head|body)/i.test(start)) return "is a web page";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters tell binary files from text
  return /[\x00-\x08\x0e-\x1f]/.test(start) ? "is in another format" : "holds text";
}

import sharp from "sharp";
import { DataError } from "./errors.ts";

const FORMATS: Record<string, string> = {
  jpeg: "JPEG",
  png: "PNG",
  webp: "WebP",
  heif: "AVIF",
  tiff: "TIFF",
  gif: "GIF",
};
const MIN_SIDE = 2;
const MAX_PIXELS = 2 ** 28;

/** What must be known of an image before it is decoded. */
export interface ImageHeader {
  /** The format's name. */
  format: string;
  /** Whether its four channels are inks, not RGB and alpha. */
  cmyk: boolean;
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
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: Error) => {
      // A known signature whose header cannot be parsed is a damaged image, not another kind of file.
      if (/corrupt header/.test(error.message)) throw damagedError(name, "image", error);
      return undefined;
    });
  const format = FORMATS[header?.format ?? ""];
  const isHeic = header?.format === "heif" && header.compression !== "av1";
  if (!header || !format || isHeic) {
    const found = isHeic ? "is HEIC" : describe(bytes);
    throw new DataError(
      "not-an-image",
      {
        expected: `a ${Object.values(FORMATS).join(", ")} image`,
        but: `${name} ${found}`,
        hint: "convert it or leave it out",
      },
      { data: { file: name } },
    );
  }
  const { space } = header;
  const { width, height } = header.autoOrient;
  if (Math.min(width, height) < MIN_SIDE || width * height > MAX_PIXELS) {
    throw new DataError(
      "bad-size",
      {
        expected: `an image of at least ${MIN_SIDE}×${MIN_SIDE} and at most ${MAX_PIXELS} pixels`,
        but: `${name} has ${width}×${height}`,
        hint: "crop or resize it",
      },
      { data: { file: name, width, height } },
    );
  }
  return { format, cmyk: space === "cmyk", width, height };
}

/** The DataError for a file of a known format that cannot be decoded to its end. */
export function damagedError(name: string, kind: string, error: Error): DataError {
  const lines = error.message.replace(/^Input (buffer|file) has corrupt header:/, "").split("\n");
  const detail = lines.map((line) => line.trim()).find((line) => line && !line.includes("bad seek"));
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

function describe(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  if (/^\s*<(!doctype html|html|head|body)/i.test(start)) return "is a web page";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters tell binary files from text
  return /[\x00-\x08\x0e-\x1f]/.test(start) ? "is in another format" : "holds text";
}

import { fileURLToPath } from "node:url";
import { isAnyArrayBuffer } from "node:util/types";
import { shownUrl } from "@seg/errors";
import sharp from "sharp";
import { bmpHeader, decodeBmp } from "./bmp.ts";
import { DOWNLOAD_OPTIONS, type DownloadOptions, download, isUrl } from "./download.ts";
import { badOption, refuseUnknown } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import { type ImageHeader, photoError, readImageHeader } from "./image-header.ts";
import type { PixelLimit } from "./image-limits.ts";
import { checkScans } from "./jpeg-scans.ts";
import { decodeInTurn } from "./pixel-budget.ts";
import { pngSize, refuseSurplusPixels } from "./png-chunks.ts";
import { readBytes } from "./read-bytes.ts";
import { ycbcrToRgb } from "./ycbcr.ts";

/** How an image file is had and decoded. */
export interface DecodeOptions extends DownloadOptions, PixelLimit {}

const OPTIONS = [...DOWNLOAD_OPTIONS, "maxPixels"] satisfies (keyof DecodeOptions)[];

/** An image file: its path, its address (`http:`, `https:`, `file:`, `data:`, `blob:`), or its bytes. */
export type ImageFile = string | URL | Blob | ArrayBuffer | Uint8Array | Uint8ClampedArray | DataView;

/**
 * Decodes a photo to the RGB values that Pillow's `Image.open(path).convert('RGB')` gives, bit for bit (AVIF and YCbCr TIFFs apart, whose
 * decoders differ): alpha is dropped, grey is repeated, CMYK becomes (1−C)(1−K), colour profiles are not applied, of an animation or
 * several pages the first is taken. Two things that Pillow leaves to its callers are done here: EXIF rotation is applied, and 16-bit values
 * keep their upper 8 bits.
 *
 * @param source - a JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP file; its contents decide, not its name.
 * @param options - limits for addresses, and of the image's size, which its header tells before anything is decoded.
 * @returns the image; its memory belongs to the caller.
 * @throws {DataError} `not-found`, `unreadable`, `download-failed`, `not-an-image` (of another format, or of a form that has no one
 *   meaning, such as floats), `truncated` (or holding more than its size needs), or `bad-size` for an image with a side under 2 pixels or
 *   more than `maxPixels`; `option`.
 *
 * @example
 * ```ts
 * import { blankImage, decodeImage, encodePng } from "@seg/ade20k-data";
 *
 * // A path or an address does as well.
 * const bytes = await encodePng(blankImage(2, 2, [6, 230, 230]));
 * const { width, height, data } = await decodeImage(bytes);
 * console.log(width, height, data.slice(0, 3).join(" ")); // 2 2 6 230 230
 * ```
 */
export async function decodeImage(source: ImageFile, options: DecodeOptions = {}): Promise<RgbImage> {
  refuseUnknown(options, OPTIONS, "the options of decodeImage");
  // What the caller has named may be a pipe; what a list or folder holds may not.
  return (await decodeImageWithHeader(source, { ...options, pipe: true })).image;
}

/** {@link decodeImage}, and how EXIF has turned the image: 1, not at all, to 8. */
export async function decodeImageWithHeader(
  source: ImageFile,
  options: DecodeOptions & { pipe?: boolean } = {},
): Promise<{ image: RgbImage; orientation: number }> {
  const { bytes, name } = await readSource(source, options);
  const header = await readImageHeader(bytes, name, options);
  try {
    return { image: await decodeInTurn(header, () => decode(header)), orientation: header.orientation };
  } catch (error) {
    throw photoError(name, header, error as Error);
  }
}

/**
 * Whether a value may be an image file rather than pixels.
 *
 * @example
 * ```ts
 * import { blankImage, isImageFile } from "@seg/ade20k-data";
 *
 * console.log(isImageFile("photo.jpg"), isImageFile(new Uint8Array(100))); // true true
 * // Pixels, which need no decoding.
 * console.log(isImageFile(blankImage(2, 2)), isImageFile(new Float32Array(12))); // false false
 * ```
 */
export function isImageFile(value: unknown): value is ImageFile {
  return (
    typeof value === "string" ||
    value instanceof URL ||
    value instanceof Blob ||
    isAnyArrayBuffer(value) ||
    (ArrayBuffer.isView(value) && (value instanceof DataView || (value as Uint8Array).BYTES_PER_ELEMENT === 1))
  );
}

async function readSource(
  source: ImageFile,
  options: DownloadOptions & { pipe?: boolean },
): Promise<{ bytes: Buffer; name: string }> {
  const named = source instanceof URL ? source.href : source;
  if (typeof named === "string") {
    if (isUrl(named)) {
      const { buffer, byteOffset, byteLength } = await download(named, options);
      return { bytes: Buffer.from(buffer, byteOffset, byteLength), name: shownUrl(named) };
    }
    const path = /^file:/i.test(named) ? pathOfUrl(named) : named;
    const { pipe = false, signal } = options;
    return { bytes: await readBytes(path, { pipe, signal }), name: path };
  }
  const name = "the given buffer";
  if (named instanceof Blob) {
    return { bytes: Buffer.from(await named.arrayBuffer()), name: (named as File).name || name };
  }
  if (ArrayBuffer.isView(named) && isImageFile(named)) {
    return { bytes: Buffer.from(named.buffer as ArrayBuffer, named.byteOffset, named.byteLength), name };
  }
  if (isAnyArrayBuffer(named)) return { bytes: Buffer.from(named as ArrayBuffer), name };
  throw badOption("source", typeof named, {
    expected: "an image's path, address or bytes",
    received: Object.prototype.toString.call(named).slice(8, -1),
    hint: "pixels in memory are no file: they need no decoding",
  });
}

function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    const hint = "write file:///folder/photo.jpg, or the path alone";
    throw badOption("source", url, {
      expected: "a file's address",
      received: `${url} (${(error as Error).message})`,
      hint,
    });
  }
}

/** @throws {Error} if it cannot be decoded. */
async function decode(header: ImageHeader): Promise<RgbImage> {
  const { bytes, format } = header;
  if (format === "BMP") return bmpImage(bytes);
  if (format === "PNG") await refuseSurplusPixels(bytes, pngSize(bytes)!);
  if (format === "JPEG") checkScans(bytes, header);
  return sharpImage(header);
}

function bmpImage(bytes: Uint8Array): RgbImage {
  const header = bmpHeader(bytes);
  const { width, height } = header;
  return { data: decodeBmp(bytes, header), width, height };
}

async function sharpImage({ bytes, cmyk, wide, ycbcr, ...size }: ImageHeader): Promise<RgbImage> {
  // `error` is the mildest setting that notices a cut-off TIFF; stray bytes between a JPEG's markers still pass.
  const options = { failOn: "error", autoOrient: true, ignoreIcc: true } as const;
  const input = sharp(bytes, { ...options, limitInputPixels: size.width * size.height });
  const pixels = cmyk
    ? input.pipelineColourspace("cmyk").toColourspace("cmyk")
    : input.toColourspace("srgb").removeAlpha();
  // Inks of 16 bits are not brought to 8 as colours are.
  const isWide = cmyk && wide;
  const { data, info } = await pixels.raw({ depth: isWide ? "ushort" : "uchar" }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (cmyk) {
    const inks = isWide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
    return { data: cmykToRgb(inks, channels, isWide ? 8 : 0), width, height };
  }
  // A plain Uint8Array, because a Buffer's `slice` shares its memory.
  const values = new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (ycbcr) ycbcrToRgb(values, ycbcr);
  return { data: values, width, height };
}

/** @param channels - 4 inks, and perhaps alpha. */
function cmykToRgb(cmyk: Uint8Array | Uint16Array, channels: number, shift: number): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / channels) * 3);
  for (let i = 0, o = 0; i < cmyk.length; i += channels) {
    const light = 255 - (cmyk[i + 3]! >> shift);
    for (let c = 0; c < 3; c++) rgb[o++] = Math.round(((255 - (cmyk[i + c]! >> shift)) * light) / 255);
  }
  return rgb;
}

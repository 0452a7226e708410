import sharp from "sharp";
import { DOWNLOAD_OPTIONS, type DownloadOptions, download, isUrl } from "./download.ts";
import { refuseUnknown } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import { damagedError, readImageHeader } from "./image-header.ts";
import { readBytes } from "./read-bytes.ts";

/**
 * Decodes a photo to the RGB values that Pillow's `Image.open(path).convert('RGB')` gives, bit for bit (AVIF apart, whose decoders
 * differ): alpha is dropped, grey is repeated, CMYK becomes (1−C)(1−K), colour profiles are not applied, of an animation the
 * first frame is taken. Two things that Pillow leaves to its callers are done here: EXIF rotation is applied, and 16-bit values keep
 * their upper 8 bits.
 *
 * @param source - a path, an `http(s)` URL, or the bytes of a JPEG, PNG, WebP, AVIF, TIFF or GIF file.
 * @param options - limits for URLs.
 * @returns the image; its memory belongs to the caller.
 * @throws {DataError} `not-found`, `unreadable`, `download-failed`, `not-an-image`, `truncated`, or `bad-size` for an image with a
 *   side under 2 pixels or more than 268 million pixels; `option`.
 */
export async function decodeImage(source: string | Uint8Array, options: DownloadOptions = {}): Promise<RgbImage> {
  refuseUnknown(options, DOWNLOAD_OPTIONS, "the options of decodeImage");
  const name = typeof source === "string" ? source : "the given buffer";
  const bytes = typeof source === "string" ? await readSource(source, options) : source;
  const { format, cmyk } = await readImageHeader(bytes, name);

  // `error` is the mildest setting that notices a cut-off TIFF; stray bytes between a JPEG's markers still pass.
  const input = sharp(bytes, { failOn: "error", limitInputPixels: false, autoOrient: true, ignoreIcc: true });
  const pixels = cmyk
    ? input.pipelineColourspace("cmyk").toColourspace("cmyk")
    : input.toColourspace("srgb").removeAlpha();
  try {
    const { data, info } = await pixels.raw().toBuffer({ resolveWithObject: true });
    // A plain Uint8Array, because a Buffer's `slice` shares its memory.
    const values = new Uint8Array(data.buffer, data.byteOffset, data.length);
    return { data: cmyk ? cmykToRgb(values) : values, width: info.width, height: info.height };
  } catch (error) {
    throw damagedError(name, `${format} image`, error as Error);
  }
}

function readSource(source: string, options: DownloadOptions): Promise<Buffer> {
  return isUrl(source) ? download(source, options) : readBytes(source);
}

function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let i = 0, o = 0; i < cmyk.length; i += 4) {
    const light = 255 - cmyk[i + 3]!;
    for (let c = 0; c < 3; c++) rgb[o++] = Math.round(((255 - cmyk[i + c]!) * light) / 255);
  }
  return rgb;
}

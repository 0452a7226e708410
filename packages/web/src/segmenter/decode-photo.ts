import { DataError, type RgbImage, rgbImage } from "@seg/ade20k-data";
import { disableTypes, imageSize, types } from "image-size";
import { AS_STORED } from "./bitmap-options.ts";
import type { PhotoMessage } from "./messages.ts";
import { storedPixels } from "./stored-pixels.ts";
import { bytesAt } from "./weight-cache.ts";

/** What a browser decodes, by the names that `image-size` has for them. */
const DECODED = ["avif", "bmp", "gif", "heif", "jpg", "png", "webp"];
disableTypes(types.filter((type) => !DECODED.includes(type)));

/** As `decodeImage` of `@seg/ade20k-data` downloads. */
const LARGEST_FILE = 256 * 2 ** 20;

/**
 * The pixels of a photo, as `decodeImage` of `@seg/ade20k-data` gives them: alpha dropped, EXIF rotation applied, colour profiles not. JPEG decoders
 * differ by a unit here and there.
 *
 * @param maxPixels - the most that it may have, by what its header says: it is not decoded before.
 * @returns them, and what errors call the photo.
 * @throws {DataError} `not-an-image`, `truncated`, `bad-size`; {WebError} `download`.
 */
export async function decodePhoto(
  photo: PhotoMessage,
  { maxPixels, signal }: { maxPixels: number; signal: AbortSignal },
): Promise<{ image: RgbImage; name: string | undefined }> {
  if (photo.kind === "pixels") return { image: rgbImage(photo), name: undefined };
  if (photo.kind === "bitmap") return { image: pixelsOf(photo.bitmap, "the picture", maxPixels), name: undefined };
  const name = photo.kind === "file" ? photo.name : photo.url;
  const bytes =
    photo.kind === "file"
      ? new Uint8Array(await photo.blob.slice(0, LARGEST_FILE + 1).arrayBuffer())
      : await bytesAt(photo.url, { signal, most: LARGEST_FILE });
  checkHeader(bytes, name, maxPixels);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes]), AS_STORED);
  } catch (error) {
    const line = {
      expected: `an image that this browser can decode in ${name}`,
      but: "it cannot",
      hint: "it may be cut off or damaged",
    };
    throw new DataError("truncated", line, { data: { file: name }, cause: error });
  }
  return { image: pixelsOf(bitmap, name, maxPixels), name };
}

function checkHeader(bytes: Uint8Array, name: string, maxPixels: number): void {
  let size: { width: number; height: number };
  try {
    size = imageSize(bytes);
  } catch (error) {
    const line = {
      expected: `an image in ${name}`,
      but: "it is none that a browser knows",
      hint: "take a JPEG, PNG, WebP, AVIF, GIF or BMP",
    };
    throw new DataError("not-an-image", line, { data: { file: name }, cause: error });
  }
  checkSize(size, name, maxPixels);
}

function checkSize({ width, height }: { width: number; height: number }, name: string, maxPixels: number): void {
  const data = { file: name, width, height };
  const has = `${name} has ${width}×${height}`;
  if (Math.min(width, height) < 2) {
    throw new DataError(
      "bad-size",
      { expected: "an image with sides of at least 2 pixels", but: has, hint: "take another" },
      { data },
    );
  }
  if (width * height <= maxPixels) return;
  const hint = `resize it, or raise DATASET.max_pixels to ${width * height}`;
  throw new DataError("bad-size", { expected: `an image of at most ${maxPixels} pixels`, but: has, hint }, { data });
}

function pixelsOf(bitmap: ImageBitmap, name: string, maxPixels: number): RgbImage {
  try {
    checkSize(bitmap, name, maxPixels);
    return rgbImage(storedPixels(bitmap));
  } finally {
    bitmap.close();
  }
}

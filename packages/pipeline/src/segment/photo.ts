import { decodeImage, type ImageFile, isImageFile, type Pixels, type RgbImage, rgbImage } from "@seg/ade20k-data";
import * as tf from "@tensorflow/tfjs";
import { PipelineError } from "../errors.ts";

/**
 * A photo: an image file (its path; its address, `http:`, `https:`, `file:` or `data:`; a Blob; its bytes), pixels in memory (a canvas's
 * `ImageData`, or `{ data, width, height, channels }` with values 0-255), or a tensor `[height, width, channels]` with values 0-255.
 */
export type Photo = ImageFile | Pixels | tf.Tensor3D;

/**
 * The RGB pixels of a photo.
 *
 * @param maxPixels - the most that an image file may have.
 * @param signal - ends a download, or the waiting for a pipe.
 * @throws {PipelineError} `option` for what is no photo.
 * @throws {DataError} if it cannot be had or read.
 */
export async function readPhoto(
  photo: Photo,
  { maxPixels, signal }: { maxPixels: number; signal?: AbortSignal | undefined },
): Promise<RgbImage> {
  if (photo instanceof tf.Tensor) return rgbOf(await pixelsOf(photo));
  return isImageFile(photo) ? decodeImage(photo, { maxPixels, signal }) : rgbOf(photo);
}

/** What errors call a photo: its path or address, if it has one. */
export function nameOf(photo: Photo): string | undefined {
  if (photo instanceof URL) return photo.href;
  return typeof photo === "string" ? photo : undefined;
}

async function pixelsOf(photo: tf.Tensor): Promise<Pixels> {
  const [height, width, channels] = photo.shape;
  if (photo.rank !== 3 || (photo.dtype !== "int32" && photo.dtype !== "float32")) {
    const expected = "a tensor [height, width, channels] with values 0-255, int32 or float32,";
    throw wrongPhoto(expected, `[${photo.shape}], ${photo.dtype}`, photo.shape);
  }
  return { data: await photo.data(), width: width!, height: height!, channels: channels! };
}

function rgbOf(pixels: Pixels): RgbImage {
  try {
    return rgbImage(pixels);
  } catch (error) {
    const { message, data } = error as { message: string; data: { received?: unknown } };
    const files =
      "data" in (Object(pixels) as object) ? "" : " It may also be an image file's path, address, bytes or Blob.";
    throw new PipelineError("option", `${message}${files}`, {
      data: { option: "photo", received: data.received },
      cause: error,
    });
  }
}

const wrongPhoto = (expected: string, received: string, value: unknown) =>
  new PipelineError("option", { expected, received }, { data: { option: "photo", received: value } });

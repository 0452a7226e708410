import type { Size } from "./view.ts";

/** No file of a photo is larger. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Pictures on the stage have at most so many pixels; labels stay whole. */
export const STAGE_PIXELS = 16_000_000;
/** What thumbnails are made of. */
export const THUMBNAIL_PIXELS = 100_000;

/** A photo that cannot be used. */
class PhotoError extends Error {
  override readonly name = "PhotoError";
}

/**
 * Looks at a photo before its pixels are decoded.
 *
 * @returns its size, as EXIF turns it.
 * @throws {PhotoError} if it is no picture that the browser reads, or too large a file.
 */
export async function measure(file: File): Promise<Size> {
  const { name, size } = file;
  if (size === 0) throw new PhotoError(`Expected a photo but ${name} is empty: choose another file.`);
  if (size > MAX_BYTES) {
    throw new PhotoError(
      `Expected a photo of at most 256 MB but ${name} has ${Math.round(size / 1024 / 1024)} MB: save it smaller.`,
    );
  }
  const address = URL.createObjectURL(file);
  try {
    const image = new Image();
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new PhotoError(unreadable(name)));
      image.src = address;
    });
    const { naturalWidth: width, naturalHeight: height } = image;
    if (width === 0 || height === 0) throw new PhotoError(unreadable(name));
    return { width, height };
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * Refuses a photo that has more pixels than the model's configuration allows.
 *
 * @param most - `DATASET.max_pixels`.
 * @throws {PhotoError} says both.
 */
export function checkPixels({ name }: File, { width, height }: Size, most: number): void {
  if (width * height <= most) return;
  const millions = (pixels: number) => Number((pixels / 1e6).toPrecision(3));
  throw new PhotoError(
    `Expected a photo of at most ${millions(most)} megapixels but ${name} has ${millions(width * height)} (${width}×${height}): save it smaller.`,
  );
}

const unreadable = (name: string) =>
  `Expected a photo but the browser cannot read ${name}: save it as JPEG, PNG or WebP, and take that.`;

/** The photo, made smaller where it has more than so many pixels. The caller closes it. */
export async function decode(file: File, { width, height }: Size, most: number): Promise<ImageBitmap> {
  const factor = Math.min(1, Math.sqrt(most / (width * height)));
  const options: ImageBitmapOptions = { imageOrientation: "from-image" };
  if (factor < 1) {
    options.resizeWidth = Math.max(1, Math.floor(width * factor));
    options.resizeHeight = Math.max(1, Math.floor(height * factor));
    options.resizeQuality = "medium";
  }
  return createImageBitmap(file, options);
}

/** A thumbnail that covers a square of so many pixels. */
export function thumbnail(photo: ImageBitmap, side: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  const part = Math.min(photo.width, photo.height);
  const context = canvas.getContext("2d");
  if (context) {
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, (photo.width - part) / 2, (photo.height - part) / 2, part, part, 0, 0, side, side);
  }
  return canvas;
}

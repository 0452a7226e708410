import { type Pixels, rgbImage } from "@seg/ade20k-data";
import { shown } from "@seg/errors";
import { AS_STORED } from "./bitmap-options.ts";
import { WebError } from "./errors.ts";
import type { PhotoMessage } from "./messages.ts";

/**
 * A photo: an image file (Blob, File), its address, a picture of the page, a canvas, the current frame of a video, or pixels in memory.
 */
export type WebPhoto =
  | Blob
  | ImageData
  | ImageBitmap
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | string
  | URL
  | Pixels;

/**
 * A photo as the worker takes it. What belongs to the page, a canvas or video, is copied: it may change afterwards.
 *
 * @returns it, and what is to be transferred.
 * @throws {WebError} `option` for what is no photo; `cross-origin` for a picture that the page may not read.
 */
export async function photoMessage(photo: WebPhoto): Promise<[PhotoMessage, Transferable[]]> {
  if (typeof photo === "string" || photo instanceof URL) return [{ kind: "address", url: addressOf(photo) }, []];
  if (photo instanceof Blob) {
    return [{ kind: "file", blob: photo, name: photo instanceof File ? photo.name : "the given photo" }, []];
  }
  if (isDrawable(photo)) {
    const bitmap = await bitmapOf(photo);
    return [{ kind: "bitmap", bitmap }, [bitmap]];
  }
  // Checked here, so that only pixels are copied.
  const { data, width, height } = rgbImage(photo);
  return [{ kind: "pixels", data, width, height, channels: 3 }, []];
}

type Drawable = Exclude<WebPhoto, Blob | ImageData | string | URL | Pixels>;

function isDrawable(photo: unknown): photo is Drawable {
  return [ImageBitmap, HTMLImageElement, HTMLCanvasElement, OffscreenCanvas, HTMLVideoElement].some(
    (kind) => photo instanceof kind,
  );
}

async function bitmapOf(photo: Drawable): Promise<ImageBitmap> {
  if (photo instanceof HTMLImageElement)
    await photo.decode().catch((error) => Promise.reject(notReady("picture", error)));
  if (photo instanceof HTMLVideoElement && photo.readyState < photo.HAVE_CURRENT_DATA) throw notReady("video");
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(photo, AS_STORED);
  } catch (error) {
    if ((error as Error).name === "SecurityError") throw crossOrigin(error);
    throw notReady("picture", error);
  }
  // A bitmap that another site tainted can be made, and neither be sent nor read.
  try {
    const probe = new OffscreenCanvas(1, 1).getContext("2d")!;
    probe.drawImage(bitmap, 0, 0, 1, 1, 0, 0, 1, 1);
    probe.getImageData(0, 0, 1, 1);
  } catch (error) {
    bitmap.close();
    throw crossOrigin(error);
  }
  return bitmap;
}

const crossOrigin = (cause: unknown) =>
  new WebError(
    "cross-origin",
    {
      expected: "a picture that this page may read",
      but: "it comes from another site, which has not allowed it",
      hint: 'load it with crossorigin="anonymous" from a server that sends Access-Control-Allow-Origin, or take the file itself',
    },
    { cause },
  );

const notReady = (what: string, cause?: unknown) =>
  new WebError(
    "option",
    {
      expected: `a ${what} with something to see`,
      but: "there is nothing yet, or it cannot be decoded",
      hint: "wait until it is loaded",
    },
    { cause, data: { option: "photo" } },
  );

function addressOf(address: string | URL): string {
  try {
    return new URL(address, document.baseURI).href;
  } catch {
    throw new WebError(
      "option",
      { expected: "a photo's address", received: shown(String(address)) },
      { data: { option: "photo", received: String(address) } },
    );
  }
}

// A worker that makes the files that are saved: for a large photo it takes seconds, in which the page is to stay alive.
import { encodeLabelPng, overlay, rgbImage, type SegClass } from "@seg/ade20k-data";
import { encode } from "fast-png";
import { AS_STORED } from "../segmenter/bitmap-options.ts";
import { storedPixels } from "../segmenter/stored-pixels.ts";

/** A picture that is wanted. */
export type PngWish = {
  map: { labels: Uint8Array | Int32Array; width: number; height: number };
  classes: readonly Pick<SegClass, "color">[];
} & ({ kind: "overlay"; photo: Blob; alpha: number } | { kind: "labels" });

/** What comes of it. */
export type PngAnswer = { png: Uint8Array<ArrayBuffer> } | { error: string };

/** The photo with the classes' colours over it. */
async function overlayPng({ map, classes, photo, alpha }: PngWish & { kind: "overlay" }) {
  const bitmap = await createImageBitmap(photo, AS_STORED);
  const image = rgbImage(storedPixels(bitmap));
  bitmap.close();
  return encode({ ...overlay(image, map, classes, alpha), depth: 8, channels: 3 });
}

/** The part of a worker's global scope that is used here. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<PngWish>) => void;
  postMessage(answer: PngAnswer, transfer: Transferable[]): void;
};

scope.onmessage = async ({ data: wish }) => {
  try {
    const png = wish.kind === "overlay" ? await overlayPng(wish) : encodeLabelPng(wish.map, wish.classes);
    scope.postMessage({ png: png as Uint8Array<ArrayBuffer> }, [png.buffer as ArrayBuffer]);
  } catch (error) {
    scope.postMessage({ error: (error as Error).message }, []);
  }
};

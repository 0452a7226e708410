// A worker that makes the files that are saved: for a large photo it takes seconds, in which the page is to stay alive.
import { encode } from "fast-png";
import { AS_STORED } from "../segmenter/bitmap-options.ts";
import { storedPixels } from "../segmenter/stored-pixels.ts";

/** A picture that is wanted. */
export type PngWish = { labels: Uint8Array | Int32Array; width: number; height: number } & (
  | { kind: "overlay"; photo: Blob; alpha: number; colors: readonly (readonly number[])[] }
  | { kind: "labels"; colors: readonly (readonly number[])[] }
);

/** What comes of it. */
export type PngAnswer = { png: Uint8Array<ArrayBuffer> } | { error: string };

/** The photo with the classes' colours over it: RGB, rounded as `overlay` of `@seg/ade20k-data` does. */
async function overlay({ labels, width, height, photo, alpha, colors }: PngWish & { kind: "overlay" }) {
  const bitmap = await createImageBitmap(photo, AS_STORED);
  const stored = storedPixels(bitmap).data;
  bitmap.close();
  const data = new Uint8Array(labels.length * 3);
  for (let i = 0, o = 0; i < labels.length; i++) {
    const color = colors[labels[i]!];
    for (let c = 0; c < 3; c++, o++) {
      const value = stored[i * 4 + c]!;
      data[o] = color ? Math.round(value * (1 - alpha) + color[c]! * alpha) : value;
    }
  }
  return encode({ data, width, height, depth: 8, channels: 3 });
}

/** The label map, an indexed PNG: 0 for unlabeled, and class index + 1. */
function labelMap({ labels, width, height, colors }: PngWish & { kind: "labels" }) {
  const palette = [[0, 0, 0], ...colors.map((color) => [...color])];
  const data = Uint8Array.from(labels, (label) => label + 1);
  return encode({ data, width, height, depth: 8, channels: 1, palette });
}

/** The part of a worker's global scope that is used here. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<PngWish>) => void;
  postMessage(answer: PngAnswer, transfer: Transferable[]): void;
};

scope.onmessage = async ({ data: wish }) => {
  try {
    const png = (wish.kind === "overlay" ? await overlay(wish) : labelMap(wish)) as Uint8Array<ArrayBuffer>;
    scope.postMessage({ png }, [png.buffer]);
  } catch (error) {
    scope.postMessage({ error: (error as Error).message }, []);
  }
};

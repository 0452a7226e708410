import type { RgbImage } from "./image.ts";

/** A part of a picture, in pixels. */
export interface Window {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The part of a picture that a crop takes: a side that is shorter than the crop's is taken whole. */
export function cropWindow(
  size: { width: number; height: number },
  cropSize: readonly [height: number, width: number],
  [left, top]: readonly [number, number],
): Window {
  const [height, width] = [Math.min(size.height, cropSize[0]), Math.min(size.width, cropSize[1])];
  const place = (share: number, room: number) => Math.floor(share * (room + 1));
  return { x: place(left, size.width - width), y: place(top, size.height - height), width, height };
}

/** The part of a photo in a window, or the photo itself where that is all of it. */
export function crop(image: RgbImage, { x, y, width, height }: Window): RgbImage {
  if (width === image.width && height === image.height) return image;
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const start = ((y + row) * image.width + x) * 3;
    data.set(image.data.subarray(start, start + width * 3), row * width * 3);
  }
  return { data, width, height };
}

/**
 * Whether a crop's labels are good to learn from: of several classes, none of which takes a share of `catMaxRatio` or more of what is
 * labelled (unless that is 1), and of the class that is wanted (unless there is none).
 */
export function isGoodCrop(
  labels: Iterable<number>,
  { catMaxRatio, wantedClass }: { catMaxRatio: number; wantedClass: number | undefined },
): boolean {
  const counts = new Map<number, number>();
  for (const label of labels) if (label >= 0) counts.set(label, (counts.get(label) ?? 0) + 1);
  if (wantedClass !== undefined && !counts.has(wantedClass)) return false;
  if (catMaxRatio >= 1) return true;
  const sizes = [...counts.values()];
  const total = sizes.reduce((a, b) => a + b, 0);
  return sizes.length > 1 && Math.max(...sizes) / total < catMaxRatio;
}

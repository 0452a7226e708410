import type { LabelMap } from "./label-map.ts";

/**
 * What labels of photos that EXIF turns or mirrors were drawn on: the pixels as they are `stored`, or the photo as it is `shown`. `auto`
 * follows the label's size, and takes `stored` where that is the same for both.
 */
export type LabelOrientation = "auto" | "stored" | "shown";

/** A photo's size as shown, and how EXIF turns it: 1, not at all, to 8. */
export interface ShownSize {
  width: number;
  height: number;
  orientation: number;
}

interface Size {
  width: number;
  height: number;
}

/** Orientations from 5 on exchange rows and columns. */
const isOnItsSide = (orientation: number) => orientation >= 5;

/** The size of a photo's pixels before EXIF turns them. */
export function storedSize({ width, height, orientation }: ShownSize): Size {
  return isOnItsSide(orientation) ? { width: height, height: width } : { width, height };
}

/** Whether a photo has the same size before and after it is turned, so that its label's size does not tell on which it was drawn. */
export function isSizeSilent(photo: ShownSize): boolean {
  return photo.orientation !== 1 && isSame(storedSize(photo), photo);
}

/**
 * How a label is to be turned to lie on its photo as shown.
 *
 * @returns an EXIF orientation, 1 for not at all; undefined where the label has neither of the photo's two sizes.
 */
export function labelTurn(label: Size, photo: ShownSize, drawnOn: LabelOrientation = "auto"): number | undefined {
  const [shown, stored] = [isSame(label, photo), isSame(label, storedSize(photo))];
  if (shown && stored) return drawnOn === "shown" ? 1 : photo.orientation;
  return shown ? 1 : stored ? photo.orientation : undefined;
}

const isSame = (a: Size, b: Size) => a.width === b.width && a.height === b.height;

/** A label map turned and mirrored as a photo of this EXIF orientation is; the map itself for 1. */
export function turnLabels(map: LabelMap<Int16Array>, orientation: number): LabelMap<Int16Array> {
  if (orientation === 1) return map;
  const { labels, width, height } = map;
  const size = isOnItsSide(orientation) ? { width: height, height: width } : { width, height };
  const turned = new Int16Array(labels.length);
  // Where the first pixel of the turned map is taken from, and how far apart its neighbours to the right and below are.
  const [right, down] = ([
    [1, width],
    [-1, width],
    [-1, -width],
    [1, -width],
    [width, 1],
    [-width, 1],
    [-width, -1],
    [width, -1],
  ][orientation - 1] ?? [1, width]) as [number, number];
  const first = (Math.abs(right) === 1 ? right : down) < 0 ? width - 1 : 0;
  const start = first + ((Math.abs(right) === 1 ? down : right) < 0 ? (height - 1) * width : 0);
  for (let y = 0, o = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) turned[o++] = labels[start + x * right + y * down]!;
  }
  return { labels: turned, ...size };
}

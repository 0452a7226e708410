import { type LabelMap, nearestPositions, type RgbImage, resizeAntialiased } from "@seg/ade20k-data";

/** Longest sides, in pixels, between which a photo is shown beside others. */
const SMALLEST = 256;
const LARGEST = 1280;

/** The size at which a photo is looked at: small ones enlarged by a whole factor, large ones shrunk. */
export function viewingSize({ width, height }: { width: number; height: number }): { width: number; height: number } {
  const longest = Math.max(width, height);
  const factor = longest < SMALLEST ? Math.ceil(SMALLEST / longest) : Math.min(1, LARGEST / longest);
  const scaled = (side: number) => Math.max(1, Math.round(side * factor));
  return { width: scaled(width), height: scaled(height) };
}

/** The photo at its viewing size; enlarged pixels stay squares. */
export function viewedPhoto(image: RgbImage): RgbImage {
  const { width, height } = viewingSize(image);
  if (width < image.width) return resizeAntialiased(image, width, height);
  const data = new Uint8Array(width * height * 3);
  eachPixel(image, { width, height }, (from, to) => {
    for (let c = 0; c < 3; c++) data[to * 3 + c] = image.data[from * 3 + c]!;
  });
  return { data, width, height };
}

/** The labels at their viewing size, each pixel that of the nearest. */
export function viewedLabels(map: LabelMap): LabelMap {
  const { width, height } = viewingSize(map);
  const labels = new Int16Array(width * height);
  eachPixel(map, { width, height }, (from, to) => {
    labels[to] = map.labels[from]!;
  });
  return { labels, width, height };
}

function eachPixel(
  from: { width: number; height: number },
  to: { width: number; height: number },
  take: (from: number, to: number) => void,
): void {
  const rows = nearestPositions(from.height, to.height);
  const columns = nearestPositions(from.width, to.width);
  for (let y = 0, i = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++, i++) take(rows[y]! * from.width + columns[x]!, i);
  }
}

import type { RgbImage } from "@seg/ade20k-data";

/** Images of one height in a row; returns a new image. */
export function sideBySide(images: readonly RgbImage[]): RgbImage {
  const height = images[0]!.height;
  const width = images.reduce((sum, image) => sum + image.width, 0);
  const data = new Uint8Array(width * height * 3);
  let left = 0;
  for (const image of images) {
    const row = image.width * 3;
    for (let y = 0; y < height; y++) {
      data.set(image.data.subarray(y * row, (y + 1) * row), (y * width + left) * 3);
    }
    left += image.width;
  }
  return { data, width, height };
}

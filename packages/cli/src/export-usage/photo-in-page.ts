import type { PhotoPreparation } from "@seg/pipeline/export";

/** Lines that bring a page's photo, `width` × `height`, to the network's size, `w` × `h`: `pixels`, an `ImageData`. */
export const photoInPage = (photo: PhotoPreparation): string[] => [
  'const photo = await createImageBitmap(document.querySelector("img"));',
  "const { width, height } = photo;",
  `const scale = Math.min(${photo.sizes[0]} / Math.min(width, height), ${photo.maxSize} / Math.max(width, height));`,
  "const [w, h] = [width, height].map(",
  `  (side) => Math.ceil(Math.trunc(side * scale) / ${photo.paddingConstant}) * ${photo.paddingConstant},`,
  ");",
  'const canvas = new OffscreenCanvas(w, h).getContext("2d");',
  'canvas.imageSmoothingQuality = "high";',
  "canvas.drawImage(photo, 0, 0, w, h);",
  "const pixels = canvas.getImageData(0, 0, w, h);",
];

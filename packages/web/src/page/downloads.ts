import type { BatchPhoto } from "./batch.ts";
import type { PageClass, PageShare } from "./segmenter.ts";

/** A file to be saved. */
export interface Download {
  name: string;
  blob: Blob;
}

/** A photo that has its result. */
export type DonePhoto = BatchPhoto & { found: NonNullable<BatchPhoto["found"]> };

/** Whether it has its result. */
export const isDone = (photo: BatchPhoto): photo is DonePhoto => photo.found !== undefined;

const stem = (name: string) => name.replace(/\.[^.]*$/, "") || "photo";

/** The photo with the classes' colours over it, as `seg test` writes it, in the strength that is shown. */
export async function overlayPng(photo: DonePhoto, classes: readonly PageClass[], alpha: number): Promise<Download> {
  const { labels, width, height } = photo.found;
  const bitmap = await createImageBitmap(photo.file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("Expected memory for the overlay but the browser has no more: close other tabs.");
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const pixels = context.getImageData(0, 0, width, height);
  const { data } = pixels;
  const colors = classes.map(({ color }) => color.map((value) => value * alpha));
  for (let i = 0, o = 0; i < labels.length; i++, o += 4) {
    const color = colors[labels[i]!];
    if (!color) continue;
    for (let c = 0; c < 3; c++) data[o + c] = Math.round(data[o + c]! * (1 - alpha) + color[c]!);
  }
  context.putImageData(pixels, 0, 0);
  return { name: `${stem(photo.file.name)}_overlay.png`, blob: await canvas.convertToBlob({ type: "image/png" }) };
}

/** The label map as `seg test` writes it: an indexed PNG, 0 for unlabeled and class index + 1, coloured by its palette. */
export async function labelPng(photo: DonePhoto, classes: readonly PageClass[]): Promise<Download> {
  const { encode } = await import("fast-png");
  const { labels, width, height } = photo.found;
  const palette = [[0, 0, 0], ...classes.map(({ color }) => [...color])];
  const data = Uint8Array.from(labels, (label) => label + 1);
  const png = encode({ data, width, height, depth: 8, channels: 1, palette });
  return {
    name: `${stem(photo.file.name)}_labels.png`,
    blob: new Blob([png as Uint8Array<ArrayBuffer>], { type: "image/png" }),
  };
}

/** What `seg test --json` prints for these photos. */
export function resultsJson(photos: readonly BatchPhoto[]): Download {
  const results = photos.filter(isDone).map(({ file, found: { width, height, classes } }) => ({
    image: file.name,
    width,
    height,
    classes: classes.map(({ index, name, share, color }: PageShare) => ({ index, name, share, color })),
    overlay: `${stem(file.name)}_overlay.png`,
    labels: `${stem(file.name)}_labels.png`,
  }));
  const failed = photos.filter(({ error }) => error !== undefined).map(({ error }) => error);
  const name = results.length === 1 ? `${stem(results[0]!.image)}.json` : "results.json";
  return { name, blob: new Blob([JSON.stringify({ results, failed })], { type: "application/json" }) };
}

/** Everything of all photos, in one archive. */
export async function everything(
  photos: readonly BatchPhoto[],
  classes: readonly PageClass[],
  alpha: number,
): Promise<Download> {
  const { zipSync } = await import("fflate");
  const files: Record<string, Uint8Array> = {};
  const put = async ({ name, blob }: Download) => {
    const [, start = name, end = ""] = /^(.*?)(_[a-z]+\.png|\.json)?$/.exec(name) ?? [];
    let free = name;
    for (let i = 2; free in files; i++) free = `${start}-${i}${end}`;
    files[free] = new Uint8Array(await blob.arrayBuffer());
  };
  for (const photo of photos.filter(isDone)) {
    await put(await overlayPng(photo, classes, alpha));
    await put(await labelPng(photo, classes));
  }
  await put({ ...resultsJson(photos), name: "results.json" });
  // PNG is compressed already.
  return {
    name: "seg-results.zip",
    blob: new Blob([zipSync(files, { level: 0 }) as Uint8Array<ArrayBuffer>], { type: "application/zip" }),
  };
}

/** Lets the browser save a file. */
export function save({ name, blob }: Download): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

import type { BatchPhoto } from "./batch.ts";
import type { PngAnswer, PngWish } from "./png-worker.ts";
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
  const blob = await pngOf({ kind: "overlay", photo: photo.file, map: mapOf(photo), classes, alpha });
  return { name: `${stem(photo.file.name)}_overlay.png`, blob };
}

/** The label map as `seg test` writes it: an indexed PNG, 0 for unlabeled and class index + 1, coloured by its palette. */
export async function labelPng(photo: DonePhoto, classes: readonly PageClass[]): Promise<Download> {
  const blob = await pngOf({ kind: "labels", map: mapOf(photo), classes });
  return { name: `${stem(photo.file.name)}_labels.png`, blob };
}

const mapOf = ({ found: { labels, width, height } }: DonePhoto) => ({ labels, width, height });

/** Has a picture made in a worker, which ends with it. */
function pngOf(wish: PngWish): Promise<Blob> {
  const worker = new Worker(new URL("./png-worker.ts", import.meta.url), { type: "module" });
  return new Promise<Blob>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<PngAnswer>) => {
      if ("png" in data) resolve(new Blob([data.png], { type: "image/png" }));
      else reject(new Error(data.error));
    };
    worker.onerror = ({ message }) => reject(new Error(message || "Expected the picture but its worker did not load."));
    worker.postMessage(wish);
  }).finally(() => worker.terminate());
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

import { statSync } from "node:fs";
import { decodeImage } from "@seg/ade20k-data";
import { isAddress, STDIN } from "./expand-inputs.ts";
import type { ImageSource } from "./gather.ts";

/** How {@link ensureReadable} reads. */
export interface ReadOptions {
  /** The most pixels of a photo (`DATASET.max_pixels`). */
  maxPixels?: number;
  signal?: AbortSignal;
}

/**
 * Makes sure that one photo at least can be read, before weights are fetched for them; one at a URL, on stdin or in a pipe counts as such.
 *
 * @throws {DataError} what is wrong with the first one, if none can be.
 * @throws the signal's reason.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { DataError } from "@seg/ade20k-data";
 * import { DEMO_PHOTO } from "@seg/pipeline/config";
 * import { ensureReadable } from "@seg/pipeline/photos";
 *
 * await writeFile("note.jpg", "no picture");
 * const note = { source: "note.jpg", name: "note" };
 * // One of them can be read.
 * await ensureReadable([note, { source: DEMO_PHOTO, name: "pagoda" }]);
 * const error = await ensureReadable([note]).catch((thrown: unknown) => thrown);
 * console.log(error instanceof DataError && error.code); // not-an-image
 * ```
 */
export async function ensureReadable(
  images: readonly ImageSource[],
  { maxPixels, signal }: ReadOptions = {},
): Promise<void> {
  if (images.some(({ source }) => source === STDIN || isAddress(source))) return;
  let first: unknown;
  for (const { source } of images) {
    signal?.throwIfAborted();
    // It can be read once.
    if (statSync(source, { throwIfNoEntry: false })?.isFIFO()) return;
    try {
      await decodeImage(source, { maxPixels });
      return;
    } catch (error) {
      first ??= error;
    }
  }
  if (first !== undefined) throw first;
}

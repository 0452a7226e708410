import { join } from "node:path";
import {
  type ClassShare,
  type LabelMap,
  legend,
  type RgbImage,
  type SegClass,
  writeImage,
  writeLabelPng,
} from "@seg/ade20k-data";
import { messageOf } from "./exit-code.ts";
import type { ImageSource } from "./images.ts";
import type { Terminal } from "./terminal.ts";

/** What segments the photos; its maker disposes it. */
export interface PhotoSegmenter {
  /** All classes it knows. */
  readonly classes: readonly SegClass[];
  segment(
    photo: string,
    options: { signal?: AbortSignal | undefined; onProgress?: (done: number, total: number) => void },
  ): Promise<LabelMap & { classes: readonly ClassShare[]; overlay(): RgbImage }>;
}

/** What became of one photo. */
export interface PhotoResult {
  image: string;
  width: number;
  height: number;
  /** The classes that occur, the largest first; shares of the pixels, 0-1. */
  classes: readonly ClassShare[];
  /** Files that were written. */
  overlay: string;
  labels: string;
  legend?: string;
}

/** How {@link segmentPhotos} works. */
export interface SegmentPhotosOptions {
  /** Where pictures are written. */
  folder: string;
  /** Also draw a legend of the classes of each photo. */
  legend?: boolean;
  terminal: Terminal;
  signal?: AbortSignal | undefined;
  /** Called as soon as a photo is done. */
  onResult?: (result: PhotoResult) => void;
}

/**
 * Segments photos one after the other and writes their pictures: `<name>_overlay.png`, `<name>_labels.png` and, if wanted,
 * `<name>_legend.png`. A photo that fails is reported and passed over.
 *
 * @returns what was done, and the errors of what was not.
 * @throws the signal's reason between two photos.
 */
export async function segmentPhotos(
  segmenter: PhotoSegmenter,
  images: readonly ImageSource[],
  { folder, legend: withLegend = false, terminal, signal, onResult }: SegmentPhotosOptions,
): Promise<{ results: PhotoResult[]; failures: { image: string; error: unknown }[] }> {
  const results: PhotoResult[] = [];
  const failures: { image: string; error: unknown }[] = [];
  const bar = terminal.progress("Segmenting", images.length, "");
  try {
    for (const { source, name } of images) {
      signal?.throwIfAborted();
      try {
        const { classes, overlay, ...map } = await segmenter.segment(source, {
          signal,
          onProgress: (scale, scales) => bar.update(results.length + failures.length + scale / scales),
        });
        const stem = join(folder, name);
        const files = { overlay: `${stem}_overlay.png`, labels: `${stem}_labels.png` };
        await writeImage(files.overlay, overlay());
        await writeLabelPng(files.labels, map, segmenter.classes);
        const { width, height } = map;
        const result: PhotoResult = { image: source, width, height, classes, ...files };
        if (withLegend) {
          result.legend = `${stem}_legend.png`;
          await writeImage(result.legend, legend(classes));
        }
        results.push(result);
        onResult?.(result);
      } catch (error) {
        signal?.throwIfAborted();
        failures.push({ image: source, error });
        if (images.length > 1) terminal.warn(messageOf(error));
      }
      bar.update(results.length + failures.length);
    }
  } finally {
    bar.stop();
  }
  return { results, failures };
}

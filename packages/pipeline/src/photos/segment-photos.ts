import { join, relative } from "node:path";
import {
  type ClassShare,
  type LabelMap,
  legend,
  type RgbImage,
  type SegClass,
  writeImage,
  writeLabelPng,
} from "@seg/ade20k-data";
import { CONTEXT_OPTIONS, type ContextOptions, contextOf } from "../context.ts";
import { PipelineError, refuseUnknown } from "../errors.ts";
import type { ImageSource } from "./gather.ts";

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
export interface SegmentPhotosOptions extends ContextOptions {
  /** Where pictures are written. */
  folder: string;
  /** Also draw a legend of the classes of each photo. */
  legend?: boolean | undefined;
  /** Called as soon as a photo is done. */
  onResult?: ((result: PhotoResult) => void) | undefined;
}

/**
 * Segments photos one after the other and writes their pictures: `<name>_overlay.png`, `<name>_labels.png` and, if wanted,
 * `<name>_legend.png`. The next photo is taken where one fails; of several photos, `warn` is told which.
 *
 * @returns what was done, and the errors of what was not.
 * @throws the signal's reason between two photos.
 */
export async function segmentPhotos(
  segmenter: PhotoSegmenter,
  images: readonly ImageSource[],
  options: SegmentPhotosOptions,
): Promise<{ results: PhotoResult[]; failures: { image: string; error: unknown }[] }> {
  refuseUnknown(options, ["folder", "legend", "onResult", ...CONTEXT_OPTIONS], "an option of segmentPhotos");
  const { folder, legend: withLegend = false, onResult } = options;
  const outside = images.find(
    ({ name }) => typeof name !== "string" || relative(folder, join(folder, name)).startsWith(".."),
  );
  if (outside) {
    const line = { expected: `names of pictures within ${folder}`, received: String(outside.name) };
    throw new PipelineError("option", line, { data: { option: "name", received: outside.name } });
  }
  const { warn, onProgress, signal } = contextOf(options);
  const results: PhotoResult[] = [];
  const failures: { image: string; error: unknown }[] = [];
  const report = (scales = 0) =>
    onProgress({ type: "segment", done: results.length + failures.length + scales, total: images.length });
  report();
  for (const { source, name } of images) {
    signal?.throwIfAborted();
    try {
      const { classes, overlay, ...map } = await segmenter.segment(source, {
        signal,
        onProgress: (scale, scales) => report(scale / scales),
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
      if (images.length > 1) warn(error instanceof Error ? error.message : String(error));
    }
    report();
  }
  return { results, failures };
}

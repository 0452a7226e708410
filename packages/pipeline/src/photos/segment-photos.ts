import { join, relative } from "node:path";
import {
  type ClassShare,
  colorize,
  type LabelMap,
  legend,
  type RgbImage,
  type SegClass,
  thinSide,
  withLegend,
  writeImage,
  writeLabelPng,
} from "@seg/ade20k-data";
import { isSegError, shownUrl } from "@seg/errors";
import type { Config } from "@seg/segmenter/config";
import type { ClassProbabilities } from "@seg/segmenter/segmentation";
import { CONTEXT_OPTIONS, type ContextOptions, contextOf } from "../context.ts";
import { PipelineError, refuseUnknown } from "../errors.ts";
import { sideBySide } from "../pictures/side-by-side.ts";
import { isAddress, STDIN } from "./expand-inputs.ts";
import type { ImageSource } from "./gather.ts";
import { readStdin } from "./read-stdin.ts";
import { writeMasks } from "./write-masks.ts";
import { writeScores } from "./write-scores.ts";

/** What segments the photos; its maker disposes it. */
export interface PhotoSegmenter {
  /** All classes it knows. */
  readonly classes: readonly SegClass[];
  /** The sizes that photos are brought to, if one is to be told of photos too thin for them. */
  readonly config?: { readonly DATASET: Pick<Config["DATASET"], "imgSizes" | "imgMaxSize"> };
  segment(
    photo: string | Uint8Array,
    options: {
      signal?: AbortSignal | undefined;
      scores?: boolean;
      onProgress?: (done: number, total: number) => void;
    },
  ): Promise<PhotoSegmentation>;
}

/** What it finds in a photo; `scores` where they were asked for. */
export interface PhotoSegmentation extends LabelMap {
  classes: readonly ClassShare[];
  image: RgbImage;
  scores?: ClassProbabilities;
  overlay(): RgbImage;
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
  sideBySide?: string;
  /** A mask for each of the classes, in their order. */
  masks?: string[];
  scores?: string;
}

/** How {@link segmentPhotos} works. */
export interface SegmentPhotosOptions extends ContextOptions {
  /** Where pictures are written. */
  folder: string;
  /** Also draw a legend of the classes of each photo; `inside`: within the overlay's picture, to its right. */
  legend?: boolean | "inside" | undefined;
  /** Also draw the photo and its classes' colours side by side, as the original does. */
  sideBySide?: boolean | undefined;
  /** Also write a mask (0 and 255) for each class of each photo. */
  masks?: boolean | undefined;
  /** Also write each class's probability at each pixel: float16, two bytes for each pixel and class. */
  scores?: boolean | undefined;
  /** Called as soon as a photo is done; the next one waits for what it gives. */
  onResult?: ((result: PhotoResult) => void | Promise<void>) | undefined;
}

const OPTIONS = ["folder", "legend", "sideBySide", "masks", "scores", "onResult", ...CONTEXT_OPTIONS];

/**
 * Segments photos one after the other and writes their pictures: `<name>_overlay.png`, `<name>_labels.png` and, if wanted,
 * `<name>_legend.png`, `<name>_side_by_side.png`, `<name>_masks/<label value>_<class>.png` and `<name>_scores.npy`. The next photo is taken
 * where one fails; of several photos, `warn` is told which.
 *
 * @returns what was done, and the errors of what was not.
 * @throws the signal's reason between two photos.
 *
 * @example
 * ```ts
 * import { createSegmenter, DEMO_MODEL, DEMO_PHOTO, segmentPhotos } from "@seg/pipeline";
 *
 * const segmenter = await createSegmenter({ ...DEMO_MODEL, backend: "wasm" });
 * const photos = [{ source: DEMO_PHOTO, name: "pagoda" }];
 * const { results, failures } = await segmentPhotos(segmenter, photos, { folder: "out" });
 * segmenter.dispose();
 * console.log(results[0]?.overlay, results[0]?.classes[0]?.name); // out/pagoda_overlay.png sky
 * console.log(failures.length); // 0
 * ```
 */
export async function segmentPhotos(
  segmenter: PhotoSegmenter,
  images: readonly ImageSource[],
  options: SegmentPhotosOptions,
): Promise<{ results: PhotoResult[]; failures: { image: string; error: unknown }[] }> {
  refuseUnknown(options, OPTIONS, "an option of segmentPhotos");
  const { folder, onResult } = options;
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
    const image = isAddress(source) ? shownUrl(source) : source;
    try {
      const found = await segmenter.segment(source === STDIN ? await readStdin() : source, {
        signal,
        ...(options.scores && { scores: true }),
        onProgress: (scale, scales) => report(scale / scales),
      });
      const { width, height, classes } = found;
      if (segmenter.config) {
        const { imgSizes: sizes, imgMaxSize: maxSize } = segmenter.config.DATASET;
        const side = thinSide(found, { sizes, maxSize, name: image });
        if (side) warn(thinLine(image, found, side));
      }
      const files = await write(found, join(folder, name), segmenter.classes, options);
      const result: PhotoResult = { image, width, height, classes, ...files };
      results.push(result);
      await onResult?.(result);
    } catch (thrown) {
      signal?.throwIfAborted();
      const error = naming(image, thrown);
      failures.push({ image, error });
      if (images.length > 1) warn(error instanceof Error ? error.message : String(error));
    }
    report();
  }
  return { results, failures };
}

/** What was thrown, with the photo's name in its line. */
function naming(image: string, error: unknown): unknown {
  if (isSegError(error) && !error.message.includes(image)) error.message = `${image}: ${error.message}`;
  return error;
}

const thinLine = (image: string, { width, height }: { width: number; height: number }, side: string) =>
  `${image} of ${width}×${height}: its ${side} becomes too short, less than 8 pixels, for the network to see much; crop it, or raise DATASET.imgMaxSize.`;

/** Writes what is wanted of a photo, all files' names beginning with `stem`. */
async function write(
  found: PhotoSegmentation,
  stem: string,
  allClasses: readonly SegClass[],
  options: SegmentPhotosOptions,
): Promise<Omit<PhotoResult, "image" | "width" | "height" | "classes">> {
  const { classes, image, labels, width, height, scores } = found;
  const map = { labels, width, height };
  const picture = async (kind: string, content: RgbImage) => {
    const path = `${stem}_${kind}.png`;
    await writeImage(path, content);
    return path;
  };
  const overlay = options.legend === "inside" ? withLegend(found.overlay(), classes) : found.overlay();
  const files: Awaited<ReturnType<typeof write>> = {
    overlay: await picture("overlay", overlay),
    labels: `${stem}_labels.png`,
  };
  await writeLabelPng(files.labels, map, allClasses);
  if (options.legend === true) files.legend = await picture("legend", legend(classes));
  if (options.sideBySide) {
    files.sideBySide = await picture("side_by_side", sideBySide([image, colorize(map, allClasses)]));
  }
  if (options.masks) files.masks = await writeMasks(`${stem}_masks`, map, classes);
  if (scores) {
    files.scores = `${stem}_scores.npy`;
    await writeScores(files.scores, scores, options.signal);
  }
  return files;
}

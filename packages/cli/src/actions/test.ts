import { dirname } from "node:path";
import type { InferenceEngineName, ModelOptions } from "@seg/pipeline";
import { isConfigKey, loadConfig } from "@seg/pipeline/config";
import type { PhotoResult, PhotoSegmenter } from "@seg/pipeline/photos";
import { EXIT } from "../exit-code.ts";
import type { ConfigOptions } from "../flags/config-flags.ts";
import { configSources } from "../flags/config-sources.ts";
import { parseGpus } from "../flags/gpus.ts";
import { photoLimit } from "../flags/photo-limit.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** Makes a segmenter, as `createSegmenter` does. */
export type OpenSegmenter = (options: ModelOptions) => Promise<PhotoSegmenter & { dispose(): void }>;

// Loaded only when it is needed, because TensorFlow.js takes a while.
const openLater: OpenSegmenter = async (options) => {
  const { createSegmenter } = await import("@seg/pipeline/segment");
  return createSegmenter(options);
};

/** What commander makes of the flags of `seg test`. */
export interface TestOptions extends ConfigOptions {
  imgs?: string[];
  legend?: boolean;
  legendInside?: boolean;
  sideBySide?: boolean;
  masks?: boolean;
  scores?: boolean;
  numVal?: string;
  gpus?: string;
  backend: InferenceEngineName | "auto";
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

/**
 * Does what `seg test` is asked to.
 *
 * @param words - photos, then `KEY VALUE` pairs.
 * @returns the exit code.
 */
export async function test(
  words: readonly string[],
  options: TestOptions,
  io: Io,
  open: OpenSegmenter = openLater,
): Promise<number> {
  const terminal = new Terminal(io, { quiet: options.quiet });
  const { signal, env } = io;
  const start = words.findIndex(isConfigKey);
  const photos = words.slice(0, start < 0 ? words.length : start);
  // What is quickly found wrong is told before anything is downloaded or loaded.
  const resolved = loadConfig(configSources(options, words.slice(photos.length)));
  const { config } = resolved;
  const gpus = options.gpus === undefined ? undefined : parseGpus(options.gpus);
  const limit = photoLimit(options.numVal);
  const [{ ensureReadable, gatherImages, segmentPhotos }, { ensureWritable }] = await Promise.all([
    import("@seg/pipeline/photos"),
    import("@seg/node"),
  ]);
  const { images, failures: missing, leftOut } = await gatherImages([...(options.imgs ?? []), ...photos]);
  for (const { message } of missing) terminal.warn(message);
  if (leftOut.length > 0) terminal.warn((await import("@seg/ade20k-data")).describeLeftOut(leftOut)!);
  await ensureReadable(images.slice(0, limit), { maxPixels: config.DATASET.max_pixels, ...(signal && { signal }) });
  const folder = config.TEST.result;
  const removeEmpty = await ensureWritable(folder);
  const { locateModel } = await import("@seg/pipeline/weights");
  const { context, stop } = showProgress(terminal, { signal });
  let segmenter: Awaited<ReturnType<OpenSegmenter>> | undefined;
  try {
    const weights = await locateModel(resolved, { env, mirror: options.mirror, ...context });
    stop();
    signal?.throwIfAborted();
    // TensorFlow reads it when it is loaded.
    if (gpus) process.env.CUDA_VISIBLE_DEVICES = String(gpus[0]);
    segmenter = await open({ config: resolved, weights, backend: options.backend, gpu: gpus?.[0], ...context });
    const { results, failures } = await segmentPhotos(segmenter, images.slice(0, limit), {
      folder,
      legend: options.legendInside ? "inside" : options.legend,
      sideBySide: options.sideBySide,
      masks: options.masks,
      scores: options.scores,
      ...context,
      onResult: (result) => {
        if (!options.json) printResult(result, terminal);
        terminal.note(`${filesOf(result)} are written.`);
        return terminal.resultsRead();
      },
    });
    stop();
    // The only photo's error is the command's own.
    if (images.length === 1 && missing.length === 0 && failures[0]) throw failures[0].error;
    const failed = [...missing, ...failures.map(({ error }) => error)].map((error) => String((error as Error).message));
    if (options.json) terminal.print(JSON.stringify({ results, failed }));
    return failed.length > 0 ? EXIT.FAILED : EXIT.DONE;
  } finally {
    stop();
    segmenter?.dispose();
    await removeEmpty();
  }
}

/** The original's own lines: classes of more than a thousandth of the photo. */
function printResult({ image, classes }: PhotoResult, terminal: Terminal): void {
  terminal.print(`Predictions in [${image}]:`);
  for (const { name, share, color } of classes) {
    if (share > 0.001) terminal.print(`${name}: ${(share * 100).toFixed(2)}%`, { indent: "  ", swatch: color });
  }
}

/** What was written, in words. */
function filesOf({ overlay, labels, legend, sideBySide, masks, scores }: PhotoResult): string {
  const more = masks && `${masks.length} ${masks.length === 1 ? "mask" : "masks"} in ${dirname(masks[0]!)}`;
  const files = [overlay, labels, legend, sideBySide, scores, more].filter((file) => file !== undefined);
  return `${files.slice(0, -1).join(", ")} and ${files.at(-1)}`;
}

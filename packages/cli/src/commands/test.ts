import { dirname } from "node:path";
import type { InferenceEngineName, ModelOptions } from "@seg/pipeline";
import { isConfigKey, loadConfig } from "@seg/pipeline/config";
import type { PhotoResult, PhotoSegmenter } from "@seg/pipeline/photos";
import { Command, Option } from "commander";
import { UsageError } from "../errors.ts";
import { EXIT } from "../exit-code.ts";
import { addConfigFlags, type ConfigOptions, configSources } from "../flags/config-flags.ts";
import { parseGpus } from "../flags/gpus.ts";
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

/** Engines that train. */
export const TRAINING_BACKENDS = ["auto", "tensorflow-gpu", "tensorflow", "webgpu", "wasm", "cpu"];

/** Engines that segment and score. */
export const BACKENDS = ["auto", "onnxruntime", ...TRAINING_BACKENDS.slice(1)];

/** `seg test`: segments photos. */
export function testCommand(io: Io, exit: (code: number) => void, open?: OpenSegmenter): Command {
  const command = new Command("test")
    .aliases(["predict", "segment"])
    .description("segment photos: write overlays and label maps, print what they show")
    .argument("[photos and KEY VALUE...]", "photos as with --imgs, and keys to set, such as DATASET.num_class 11")
    .option("--imgs <paths...>", "photos, folders of photos, patterns ('photos/*.jpg'), URLs, or - for stdin")
    .option("--legend", "also draw a legend of the classes of each photo")
    .option("--legend-inside", "draw the legend into the overlay's picture instead")
    .option("--side-by-side", "also draw photo and colours side by side, as the original does")
    .option("--masks", "also write a mask for each class of each photo: 255 where it is, else 0")
    .option("--scores", "also write each class's probability at each pixel: float16, [height, width, classes], .npy")
    .option("--num-val <n>", "only the first n photos; -1 for all")
    .addOption(new Option("--backend <engine>", "what computes").choices(BACKENDS).default("auto"))
    .option("--gpus <list>", "GPUs to use, such as 0 or 0-3,6; the first one does the work")
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command, { demo: true })
    .addHelpText("after", EXAMPLES)
    .action(async (words: string[], options: TestOptions) => exit(await test(words, options, io, open)));
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

/** Reads `--num-val`; undefined means all photos. */
export function photoLimit(text = "-1"): number | undefined {
  const limit = Number(text);
  if (limit === -1) return undefined;
  if (Number.isInteger(limit) && limit > 0) return limit;
  const explanation = { expected: "a number of photos, or -1 for all, for --num-val", received: `"${text}"` };
  throw new UsageError(explanation, { flag: "--num-val", value: text });
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

const EXAMPLES = `
Examples:
  seg test --imgs photo.jpg
  seg test --imgs photo.jpg --demo
  seg test --imgs 'photos/*.jpg' --masks --legend-inside
  seg test - --scores < photo.jpg
  seg test --id mine photo.jpg
  seg test --imgs holiday/ --cfg mobilenetv2dilated-c1_deepsup --img_sizes 450 --result out --legend
  seg test --imgs photo.jpg --cfg my.yaml DATASET.num_class 11 DIR ckpt/mine TEST.checkpoint epoch_14.pth
  seg test --model_path ckpt/ade20k-resnet50dilated-ppm_deepsup --test_imgs a.jpg b.jpg --arch_encoder resnet50dilated --arch_decoder ppm_deepsup`;

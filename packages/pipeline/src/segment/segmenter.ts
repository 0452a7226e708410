import type { RgbImage, SegClass } from "@seg/ade20k-data";
import { type Network, Segmenter as PixelSegmenter } from "@seg/segmenter";
import type { Config } from "@seg/segmenter/config";
import { classSet } from "../dataset/classes.ts";
import { refuseUnknown } from "../errors.ts";
import { type InferenceEngineInfo, openNetwork } from "../model/inference-engine.ts";
import { openApart } from "../model/open-apart.ts";
import { MODEL_OPTIONS, type ModelOptions, resolveModel } from "../options.ts";
import { isOnnx } from "../weights/find.ts";
import { nameOf, type Photo, readPhoto } from "./photo.ts";

/** Which network on which engine, as {@link createSegmenter} makes a segmenter of it. */
export interface SegmenterOptions extends ModelOptions {
  /** Threads of a CPU engine. Default: one for each processor. */
  threads?: number | undefined;
}

/** Segments photos with one network on one engine. */
export class Segmenter extends PixelSegmenter<Photo, InferenceEngineInfo> {
  /** Use {@link createSegmenter}. */
  constructor(config: Config, engine: InferenceEngineInfo, classes: readonly SegClass[], network: Network) {
    super({ config, engine, classes, network });
  }

  protected override async read(
    photo: Photo,
    signal?: AbortSignal,
  ): Promise<{ image: RgbImage; name: string | undefined }> {
    const image = await readPhoto(photo, { maxPixels: this.config.DATASET.max_pixels, signal });
    return { image, name: nameOf(photo) };
  }
}

/**
 * Makes a segmenter: resolves the configuration, finds or downloads the weights, starts the engine.
 *
 * @returns The segmenter; `dispose()` frees its network.
 * @throws {PipelineError} `config` or `missing`, in one line with the way out.
 * @throws {BackendError} if the engine cannot start, or cannot run such networks.
 *
 * @example
 * ```ts
 * import { createSegmenter, DEMO_MODEL, DEMO_PHOTO } from "@seg/pipeline";
 *
 * const segmenter = await createSegmenter({ ...DEMO_MODEL, backend: "wasm" });
 * const { classes } = await segmenter.segment(DEMO_PHOTO);
 * console.log(classes[0]?.name); // sky
 * segmenter.dispose();
 * ```
 */
export async function createSegmenter(options: SegmenterOptions = {}): Promise<Segmenter> {
  refuseUnknown(options, [...MODEL_OPTIONS, "threads"], "an option of createSegmenter");
  const { resolved, context, locate } = resolveModel(options, "TEST");
  const { config } = resolved;
  const files = await locate();
  const classes = await classSet(config);
  const { log, signal } = context;
  const settings = { backend: options.backend ?? "auto", gpu: options.gpu, threads: options.threads, log };
  const { engine, network } = isOnnx(files)
    ? await openApart(config, files, { ...settings, signal })
    : await openNetwork(config, files, settings);
  return new Segmenter(config, engine, classes, network);
}

import {
  type ClassMask,
  type ClassShare,
  classMask,
  classShares,
  legend,
  overlay,
  type RgbImage,
  type SegClass,
} from "@seg/ade20k-data";
import { nearest } from "@seg/errors";
import { probabilityRows } from "@seg/layers";
import type { Config } from "../config/schema.ts";
import { classSet } from "../dataset/classes.ts";
import { PipelineError, refuseUnknown } from "../errors.ts";
import { type InferenceEngineInfo, type OpenNetwork, openNetwork } from "../model/inference-engine.ts";
import { openApart } from "../model/open-apart.ts";
import { labelsOfScores, predictScores } from "../model/predict-labels.ts";
import { networkInputs, scaleOptions } from "../model/scales.ts";
import { MODEL_OPTIONS, type ModelOptions, resolveModel } from "../options.ts";
import type { ClassProbabilities } from "../photos/write-scores.ts";
import { isOnnx } from "../weights/find.ts";
import { nameOf, type Photo, readPhoto } from "./photo.ts";

/** What a photo shows. */
export interface Segmentation {
  /** The class of each pixel, row by row; indices from 0. */
  labels: Uint8Array | Int32Array;
  /** The photo's width in pixels. */
  width: number;
  /** The photo's height in pixels. */
  height: number;
  /** The classes present, the largest first, with their share of all pixels (0-1). */
  classes: ClassShare[];
  /** The photo itself, as it was decoded. */
  image: RgbImage;
  /** Each class's probability at each pixel, where `scores` asked for them. */
  scores?: ClassProbabilities;
  /** The photo with the classes' colours over it, `alpha` (0-1, default 0.5) of it colour. */
  overlay(alpha?: number): RgbImage;
  /** A picture that tells which colour is which class, for the classes present; `withLegend` of `@seg/ade20k-data` puts it beside another. */
  legend(): RgbImage;
  /**
   * Where one class is: 255 for its pixels, 0 for others.
   *
   * @param which - the class's index, from 0, or one of its names; it need not be present.
   * @throws {PipelineError} `option` if there is no such class.
   */
  mask(which: number | string): ClassMask;
}

/** How one photo is segmented. */
export interface SegmentOptions {
  /** Stops between two scales; where the model is an ONNX file, at once. */
  signal?: AbortSignal | undefined;
  /** Also give the classes' probabilities. The network's scores are kept for them: some 3 MB for each scale with 150 classes. */
  scores?: boolean | undefined;
  /** Called after each scale. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Segments photos with one network on one engine. */
export class Segmenter {
  /** The configuration that it was made of. */
  readonly config: Config;
  /** The engine that it runs on. */
  readonly engine: InferenceEngineInfo;
  /** Names and colours of the labels. */
  readonly classes: readonly SegClass[];
  readonly #network: OpenNetwork["network"];
  #isDisposed = false;

  /** Use {@link createSegmenter}. */
  constructor(
    config: Config,
    engine: InferenceEngineInfo,
    classes: readonly SegClass[],
    network: OpenNetwork["network"],
  ) {
    this.config = config;
    this.engine = engine;
    this.classes = classes;
    this.#network = network;
  }

  /**
   * Segments a photo at its own size; with several `DATASET.imgSizes` the classes' probabilities are averaged over them.
   *
   * @throws {PipelineError} `option` for what is no photo; `failed` once the segmenter is disposed.
   * @throws {DataError} if the photo cannot be had or read.
   */
  async segment(photo: Photo, { signal, scores = false, onProgress }: SegmentOptions = {}): Promise<Segmentation> {
    if (this.#isDisposed) {
      throw new PipelineError("failed", {
        expected: "a segmenter in use",
        but: "this one is disposed",
        hint: "make another one by createSegmenter",
      });
    }
    const { imgSizes, max_pixels } = this.config.DATASET;
    const image = await readPhoto(photo, { maxPixels: max_pixels, signal });
    const { inputSize } = this.#network;
    const scales = networkInputs(image, { ...scaleOptions(this.config, imgSizes), inputSize, name: nameOf(photo) });
    const total = inputSize ? 1 : imgSizes.length;
    const maps = await predictScores(this.#network, scales, {
      signal,
      onScale: (done) => onProgress?.(done, total),
    });
    const { width, height } = image;
    const map = { labels: labelsOfScores(maps, [height, width]), width, height };
    const classes = classShares(map, this.classes);
    const probabilities: ClassProbabilities = {
      shape: [height, width, maps[0]!.classes],
      rows: () => probabilityRows(maps, [height, width]),
    };
    return {
      ...map,
      classes,
      image,
      ...(scores && { scores: probabilities }),
      overlay: (alpha) => overlay(image, map, this.classes, alpha),
      legend: () => legend(classes),
      mask: (which) => classMask(map, indexOf(this.classes, which)),
    };
  }

  /** Frees the network; again, it does nothing. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    void this.#network.dispose();
  }
}

function indexOf(classes: readonly SegClass[], which: number | string): number {
  const found = classes.find(({ index, names }) =>
    typeof which === "string" ? names.includes(which) : index === which,
  );
  if (found) return found.index;
  const names = classes.flatMap((known) => known.names);
  const best = typeof which === "string" ? nearest(which, names) : undefined;
  throw new PipelineError(
    "option",
    {
      expected: `a class's name, or its index from 0 to ${classes.length - 1}`,
      received: typeof which === "string" ? `"${which}"` : String(which),
      ...(best !== undefined && { hint: `did you mean "${best}"?` }),
    },
    { data: { option: "mask", received: which } },
  );
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
export async function createSegmenter(options: ModelOptions = {}): Promise<Segmenter> {
  refuseUnknown(options, MODEL_OPTIONS, "an option of createSegmenter");
  const { resolved, context, locate } = resolveModel(options, "TEST");
  const { config } = resolved;
  const files = await locate();
  const classes = await classSet(config);
  const { log, signal } = context;
  const settings = { backend: options.backend ?? "auto", gpu: options.gpu, log };
  const { engine, network } = isOnnx(files)
    ? await openApart(config, files, { ...settings, signal })
    : await openNetwork(config, files, settings);
  return new Segmenter(config, engine, classes, network);
}

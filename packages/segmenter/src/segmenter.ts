import { type Pixels, type RgbImage, rgbImage, type SegClass } from "@seg/ade20k-data";
import { shown } from "@seg/errors";
import { type InferenceModel, probabilityRows, type ScoreMap } from "@seg/layers";
import type { Config } from "./config/schema.ts";
import { PipelineError } from "./errors.ts";
import { labelsOfScores, predictScores } from "./model/predict-labels.ts";
import { networkInputs, scaleOptions } from "./model/scales.ts";
import { type Segmentation, segmentationOf } from "./segmentation.ts";

/** How one photo is segmented. */
export interface SegmentOptions {
  /** Stops between two scales; where the model is an ONNX file, at once. */
  signal?: AbortSignal | undefined;
  /** Also give the classes' probabilities. The network's scores are kept for them: some 3 MB for each scale with 150 classes. */
  scores?: boolean | undefined;
  /**
   * Short sides, in pixels, to look at the photo at, in place of `DATASET.imgSizes`: the classes' probabilities are averaged over them. A network that
   * takes but one size goes on taking that.
   */
  sizes?: readonly number[] | undefined;
  /** Called after each scale. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A network, and the one size of its images, where it takes but one. */
export type Network = InferenceModel & { inputSize?: readonly [height: number, width: number] | undefined };

/** What a segmenter is made of. */
export interface SegmenterParts<Engine> {
  /** How photos are brought to the network. */
  config: Config;
  /** Names and colours of the labels. */
  classes: readonly SegClass[];
  /** Gives scores `[1, height, width, classes]` of an image; the segmenter disposes it. */
  network: Network;
  /** What the network runs on, for whoever asks. */
  engine: Engine;
}

/**
 * Segments photos with one network on one engine.
 *
 * @typeParam Photo - what {@link Segmenter.read} takes.
 *
 * @example
 * ```ts
 * import { readyClasses } from "@seg/ade20k-data";
 * import { inferenceModel } from "@seg/layers";
 * import { Segmenter } from "@seg/segmenter";
 * import { resolveConfig } from "@seg/segmenter/config";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // A network for which white is class 1: red + green + blue above 0, once they are normalized.
 * const white = tf.layers.conv2d({ inputShape: [null, null, 3], filters: 2, kernelSize: 1 });
 * const model = tf.sequential({ layers: [white] });
 * white.setWeights([tf.tensor4d([-1, 1, -1, 1, -1, 1], [1, 1, 3, 2]), tf.zeros([2])]);
 * const { config } = resolveConfig([{ key: "DATASET.imgSizes", value: 8, origin: "here" }]);
 * const classes = readyClasses("mask") ?? [];
 * const segmenter = new Segmenter({ config, classes, network: inferenceModel(model), engine: "cpu" });
 * // A photo of 16×8 pixels, its left half black.
 * const data = Uint8Array.from({ length: 128 }, (_, i) => (i % 16 < 8 ? 0 : 255));
 * const found = await segmenter.segment({ data, width: 16, height: 8 });
 * console.log(found.classes.map(({ name, share }) => `${name} ${share}`)); // [ 'background 0.5', 'object 0.5' ]
 * segmenter.dispose();
 * ```
 */
export class Segmenter<Photo = Pixels, Engine = unknown> {
  /** The configuration that it was made of. */
  readonly config: Config;
  /** The engine that it runs on. */
  readonly engine: Engine;
  /** Names and colours of the labels. */
  readonly classes: readonly SegClass[];
  readonly #network: Network;
  #isDisposed = false;

  /** @param parts - the network, and what belongs to it. */
  constructor({ config, engine, classes, network }: SegmenterParts<Engine>) {
    this.config = config;
    this.engine = engine;
    this.classes = classes;
    this.#network = network;
  }

  /**
   * Segments a photo at its own size; with several `DATASET.imgSizes` the classes' probabilities are averaged over them.
   *
   * @throws {PipelineError} `option` for what is no photo or no `sizes`; `failed` once the segmenter is disposed, or if scores are not finite;
   *   `out-of-memory`.
   * @throws {DataError} if the photo cannot be had or read.
   */
  async segment(photo: Photo, options: SegmentOptions = {}): Promise<Segmentation> {
    const { image, maps } = await this.scores(photo, options);
    const { width, height } = image;
    const labels = labelsOfScores(maps, [height, width]);
    return segmentationOf(
      image,
      { labels, width, height },
      this.classes,
      options.scores ? probabilitiesOf(maps, [height, width]) : undefined,
    );
  }

  /**
   * The first half of {@link segment}: the photo's pixels, and the network's scores of it at each scale, at their own size, for `labelsOf` of
   * `@seg/layers`.
   *
   * @throws as {@link segment} does.
   */
  async scores(
    photo: Photo,
    { signal, onProgress, sizes = this.config.DATASET.imgSizes }: SegmentOptions = {},
  ): Promise<{ image: RgbImage; maps: ScoreMap[] }> {
    if (this.#isDisposed) {
      throw new PipelineError("failed", {
        expected: "a segmenter in use",
        but: "this one is disposed",
        hint: "make another one by createSegmenter",
      });
    }
    checkSizes(sizes);
    const { image, name } = await this.read(photo, signal);
    const { inputSize } = this.#network;
    const inputs = networkInputs(image, { ...scaleOptions(this.config, sizes), inputSize, name });
    const total = inputSize ? 1 : sizes.length;
    const maps = await predictScores(this.#network, inputs, { signal, onScale: (done) => onProgress?.(done, total) });
    return { image, maps };
  }

  /**
   * The pixels of a photo, and what errors call it. Here photos are pixels in memory; a class over this one reads others.
   *
   * @throws {DataError} `option` for what is no photo.
   */
  protected async read(photo: Photo, _signal?: AbortSignal): Promise<{ image: RgbImage; name?: string | undefined }> {
    return { image: rgbImage(photo as Pixels) };
  }

  /** Frees the network; again, it does nothing. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    void this.#network.dispose();
  }
}

function checkSizes(sizes: readonly number[]): void {
  if (Array.isArray(sizes) && sizes.length > 0 && sizes.every((size) => Number.isSafeInteger(size) && size > 0)) return;
  const received = shown(sizes);
  throw new PipelineError(
    "option",
    { expected: "one or more whole numbers above 0 as sizes, short sides in pixels", received },
    { data: { option: "sizes", received } },
  );
}

/** The probabilities that scores make, for a photo of a size. */
function probabilitiesOf(maps: readonly ScoreMap[], [height, width]: [height: number, width: number]) {
  return {
    shape: [height, width, maps[0]!.classes] as const,
    rows: () => probabilityRows(maps, [height, width]),
  };
}

import type { ScaledInput } from "@seg/ade20k-data";
import { type ArrayTensor, type InferenceModel, type Labels, LayersError, labelsOf, type ScoreMap } from "@seg/layers";
import { PipelineError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import { explainMemory, halved } from "../out-of-memory.ts";

/** How {@link predictLabels} works. */
export interface PredictOptions {
  /** Also look at each scale's mirror image and average over both. */
  flip?: boolean;
  /** Stops between two scales. */
  signal?: AbortSignal | undefined;
  /** Called after each scale. */
  onScale?: ((done: number) => void) | undefined;
}

/**
 * The most probable class of each of a photo's pixels, its classes' probabilities averaged over the scales.
 *
 * @param scales - the photo at one or several scales; each is asked for when the one before is done.
 * @param size - the photo's height and width.
 * @returns `height × width` class indices, row by row.
 * @throws {PipelineError} `failed` if the network's scores are not finite; `out-of-memory`.
 *
 * @example
 * ```ts
 * import { blankImage } from "@seg/ade20k-data";
 * import { inferenceModel } from "@seg/layers";
 * import { networkInputs, predictLabels } from "@seg/segmenter";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // Class 1 where red is above its mean, as in a white photo.
 * const red = tf.layers.conv2d({ inputShape: [null, null, 3], filters: 2, kernelSize: 1 });
 * const model = tf.sequential({ layers: [red] });
 * red.setWeights([tf.tensor4d([0, 1, 0, 0, 0, 0], [1, 1, 3, 2]), tf.zeros([2])]);
 * const network = inferenceModel(model);
 * const labels = await predictLabels(network, networkInputs(blankImage(3, 2), { sizes: [8, 16] }), [2, 3], { flip: true });
 * console.log(labels.join(" ")); // 1 1 1 1 1 1
 * network.dispose();
 * ```
 */
export async function predictLabels(
  network: InferenceModel,
  scales: Iterable<ScaledInput>,
  size: [height: number, width: number],
  options: PredictOptions = {},
): Promise<Labels> {
  return labelsOfScores(await predictScores(network, scales, options), size);
}

/**
 * `labelsOf` of `@seg/layers`, of a network's scores.
 *
 * @throws {PipelineError} `failed` if they are not finite: whoever runs a command cannot give others, only other weights; `out-of-memory`.
 *
 * @example
 * ```ts
 * import { labelsOfScores } from "@seg/segmenter";
 *
 * // Two pixels, two classes: the first is of class 0, the second of class 1.
 * const map = { data: new Float32Array([5, 0, 0, 5]), height: 1, width: 2, classes: 2 };
 * console.log(labelsOfScores([map], [1, 4]).join(" ")); // 0 0 1 1
 * try {
 *   labelsOfScores([{ ...map, data: new Float32Array([Number.NaN, 0, 0, 5]) }], [1, 4]);
 * } catch (error) {
 *   console.log((error as Error).message); // Expected finite scores but received NaN from the network: its weights are damaged, or too large for the engine; take others.
 * }
 * ```
 */
export function labelsOfScores(maps: readonly ScoreMap[], size: [height: number, width: number]): Labels {
  try {
    return labelsOf(maps, size);
  } catch (error) {
    if (!(error instanceof LayersError && error.code === "value")) {
      const [height, width] = size;
      const hint = "make the photo smaller first, its labels are of its own size";
      throw explainMemory(error, { height, width, hint });
    }
    throw new PipelineError(
      "failed",
      {
        expected: "finite scores",
        received: `${error.data.received} from the network`,
        hint: "its weights are damaged, or too large for the engine; take others",
      },
      { cause: error },
    );
  }
}

/**
 * The network's scores of a photo at each scale, at their own size, for `labelsOf` and `probabilityRows` of `@seg/layers`.
 *
 * @example
 * ```ts
 * import { blankImage } from "@seg/ade20k-data";
 * import { inferenceModel } from "@seg/layers";
 * import { networkInputs, predictScores } from "@seg/segmenter";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const conv = tf.layers.conv2d({ inputShape: [null, null, 3], filters: 150, kernelSize: 1, strides: 8 });
 * const network = inferenceModel(tf.sequential({ layers: [conv] }));
 * const maps = await predictScores(network, networkInputs(blankImage(32, 16), { sizes: [16, 32] }));
 * // At a stride of 8.
 * console.log(maps.map(({ height, width, classes }) => `${height}×${width}×${classes}`)); // [ '2×4×150', '4×8×150' ]
 * network.dispose();
 * ```
 */
export async function predictScores(
  network: InferenceModel,
  scales: Iterable<ScaledInput>,
  { flip = false, signal, onScale }: PredictOptions = {},
): Promise<ScoreMap[]> {
  const maps: ScoreMap[] = [];
  let done = 0;
  let fitted = 0;
  for (const { data, width, height, shortSide } of scales) {
    // Yields to the event loop, for messages and interrupts: a forward pass blocks the thread.
    await nextTurn();
    signal?.throwIfAborted();
    const shape: ImageShape = [1, height, width, 3];
    try {
      maps.push(await scoresOf(network, data, shape, signal));
      if (flip) maps.push({ ...(await scoresOf(network, mirrored(data, shape), shape, signal)), flipped: true });
    } catch (error) {
      signal?.throwIfAborted();
      throw explainMemory(error, {
        height,
        width,
        hint: smallerSides(Math.min(height, width), fitted),
        key: "DATASET.imgSizes",
      });
    }
    fitted = Math.max(fitted, Math.min(height, width, shortSide));
    onScale?.(++done);
  }
  return maps;
}

/** The way out where an image was too large: `fitted` is the largest short side that was not, 0 if there was none. */
function smallerSides(shortSide: number, fitted: number): string {
  const most = fitted > 0 && fitted < shortSide ? fitted : halved(shortSide);
  const why = most === fitted ? "which went through" : "which has half as many pixels";
  return `set DATASET.imgSizes to ${most} at most, ${why}, or take another engine`;
}

type ImageShape = [batch: 1, height: number, width: number, channels: 3];

/** The network's scores at their own size. */
async function scoresOf(
  network: InferenceModel,
  image: Float32Array,
  imageShape: ImageShape,
  signal: AbortSignal | undefined,
): Promise<ScoreMap> {
  const [{ data, shape }] = (await network.run({ data: image, shape: imageShape }, signal)) as [ArrayTensor];
  const [, height, width, classes] = shape as [number, number, number, number];
  return { data, height, width, classes };
}

/** The image's mirror image, left and right exchanged. */
function mirrored(image: Float32Array, [, height, width, channels]: ImageShape): Float32Array {
  const result = new Float32Array(image.length);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = width - 1; column >= 0; column--, at += channels) {
      const from = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) result[at + c] = image[from + c]!;
    }
  }
  return result;
}

import { setImmediate } from "node:timers/promises";
import type { ScaledInput } from "@seg/ade20k-data";
import { type InferenceModel, type Labels, labelsOf, type ScoreMap } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";

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
 * @throws {LayersError} `value` if the network's scores are not finite.
 */
export async function predictLabels(
  network: InferenceModel,
  scales: Iterable<ScaledInput>,
  size: [height: number, width: number],
  { flip = false, signal, onScale }: PredictOptions = {},
): Promise<Labels> {
  const maps: ScoreMap[] = [];
  let done = 0;
  for (const { data, width, height } of scales) {
    // Yields to the event loop, for messages and interrupts: a forward pass blocks the thread.
    await setImmediate();
    signal?.throwIfAborted();
    const input = tf.tensor4d(data, [1, height, width, 3]);
    try {
      maps.push(await scoresOf(network, input));
      if (flip) {
        const mirrored = tf.reverse(input, 2);
        try {
          maps.push({ ...(await scoresOf(network, mirrored)), flipped: true });
        } finally {
          mirrored.dispose();
        }
      }
    } finally {
      input.dispose();
    }
    onScale?.(++done);
  }
  return labelsOf(maps, size);
}

/** The network's scores, read back at their own size. */
async function scoresOf(network: InferenceModel, input: tf.Tensor4D): Promise<ScoreMap> {
  const scores = network.predict(input)[0] as tf.Tensor4D;
  try {
    const [, height, width, classes] = scores.shape;
    return { data: (await scores.data()) as Float32Array, height, width, classes };
  } finally {
    scores.dispose();
  }
}

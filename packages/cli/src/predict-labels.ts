import { setImmediate } from "node:timers/promises";
import type { ScaledInput } from "@seg/ade20k-data";
import { argmaxResized, type InferenceModel } from "@seg/layers";
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
 */
export async function predictLabels(
  network: InferenceModel,
  scales: Iterable<ScaledInput>,
  size: [height: number, width: number],
  { flip = false, signal, onScale }: PredictOptions = {},
): Promise<Int32Array> {
  const scores: tf.Tensor4D[] = [];
  let done = 0;
  try {
    for (const { data, width, height } of scales) {
      // Lets messages and interrupts in: a network's pass blocks the thread.
      await setImmediate();
      signal?.throwIfAborted();
      const input = tf.tensor4d(data, [1, height, width, 3]);
      try {
        scores.push(network.predict(input)[0] as tf.Tensor4D);
        if (flip) scores.push(tf.tidy(() => tf.reverse(network.predict(tf.reverse(input, 2))[0] as tf.Tensor4D, 2)));
      } finally {
        input.dispose();
      }
      onScale?.(++done);
    }
    const classOf = argmaxResized(scores, size);
    try {
      return (await classOf.data()) as Int32Array;
    } finally {
      classOf.dispose();
    }
  } finally {
    tf.dispose(scores);
  }
}

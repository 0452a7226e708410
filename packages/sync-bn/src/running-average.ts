import * as tf from "@tensorflow/tfjs";

/** How running statistics follow those of the batches; see `BatchNormalizationLayerArgs.runningAverage`. */
export type RunningAverage = "exponential" | "debiased";

/** Both. */
export const RUNNING_AVERAGES: readonly RunningAverage[] = ["exponential", "debiased"];

/** running ← (1 − share)·running + share·batch. */
export function moveTowards(running: tf.LayerVariable, batch: tf.Tensor, share: number | tf.Tensor): void {
  running.write(
    tf.tidy(() => {
      const before = running.read();
      return before.add(batch.sub(before).mul(share));
    }),
  );
}

/**
 * The share of the next batch in debiased averages, which are Σ decay^age·statistics / Σ decay^age with decay = 1 − momentum. The original
 * keeps both sums; the second is enough, for the first is the average times it.
 *
 * @param weights - The second sum, `[1]`, which this updates. It begins at 1: the start counts as one step.
 */
export function debiasedShare(weights: tf.LayerVariable, momentum: number): tf.Tensor {
  const sum = weights
    .read()
    .mul(1 - momentum)
    .add(1);
  weights.write(sum);
  return tf.reciprocal(sum);
}

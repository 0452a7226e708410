import * as tf from "@tensorflow/tfjs";

/** How running statistics follow those of the batches; see `BatchNormalizationOptions.runningAverage`. */
export type RunningAverage = "exponential" | "debiased";

interface Pair<T> {
  mean: T;
  variance: T;
}

const WHICH = ["mean", "variance"] as const;

/** running ← (1 − momentum)·running + momentum·batch. */
export function updateExponential(running: Pair<tf.LayerVariable>, batch: Pair<tf.Tensor>, momentum: number): void {
  for (const which of WHICH) decay(running[which], momentum, batch[which].mul(momentum));
}

/**
 * The original's multi-GPU running statistics: sums ← (1 − momentum)·sums + batch, steps ← (1 − momentum)·steps + 1,
 * running = sums / steps. The start (mean 0, variance 1) counts as the first step.
 */
export class DebiasedSums {
  readonly #sums: Pair<tf.LayerVariable>;
  readonly #steps: tf.LayerVariable;

  /** @param add - Adds a weight that is not trained; the names are those of the original's buffers. */
  constructor(add: (name: string, size: number, initializer: "ones" | "zeros") => tf.LayerVariable, channels: number) {
    this.#sums = {
      mean: add("_tmp_running_mean", channels, "zeros"),
      variance: add("_tmp_running_var", channels, "ones"),
    };
    this.#steps = add("_running_iter", 1, "ones");
  }

  update(running: Pair<tf.LayerVariable>, batch: Pair<tf.Tensor>, momentum: number): void {
    decay(this.#steps, momentum, tf.ones([1]));
    for (const which of WHICH) {
      decay(this.#sums[which], momentum, batch[which]);
      running[which].write(this.#sums[which].read().div(this.#steps.read()));
    }
  }
}

/** variable ← (1 − momentum)·variable + added. */
function decay(variable: tf.LayerVariable, momentum: number, added: tf.Tensor): void {
  variable.write(
    tf.tidy(() =>
      variable
        .read()
        .mul(1 - momentum)
        .add(added),
    ),
  );
}

import * as tf from "@tensorflow/tfjs";

/**
 * An exponential moving average of a network's weights, batch norm's statistics among them, which often scores better than the weights
 * themselves: average ← average + (1 − decay) · (weight − average) after each update. So that the first weights do not linger, the decay
 * of the n-th update is at most (1 + n) / (10 + n).
 *
 * @see Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992; TensorFlow's `ExponentialMovingAverage`, of which
 *   the bound is; timm's `ModelEma`, which averages the statistics too.
 */
export class WeightAverage {
  readonly #weights: readonly tf.LayerVariable[];
  readonly #decay: number;
  #averages: tf.Tensor[];

  /** Begins with the weights as they are. */
  constructor(weights: readonly tf.LayerVariable[], decay: number) {
    this.#weights = weights;
    this.#decay = decay;
    this.#averages = weights.map((weight) => weight.read().clone());
  }

  /** Takes in the weights as they are after the `n`th update, counted from 1. */
  add(n: number): void {
    const share = 1 - Math.min(this.#decay, (1 + n) / (10 + n));
    this.#averages = this.#averages.map((average, i) => {
      const next = tf.tidy(() => average.add(this.#weights[i]!.read().sub(average).mul(share)));
      average.dispose();
      return next;
    });
  }

  /** Exchanges the average and the weights; a second time, back. */
  exchange(): void {
    this.#averages = this.#averages.map((average, i) => {
      const weight = this.#weights[i]!;
      const own = weight.read().clone();
      weight.write(average);
      average.dispose();
      return own;
    });
  }

  /** Frees the average; the weights stay. */
  dispose(): void {
    tf.dispose(this.#averages);
  }
}

import type { Group } from "@seg/collectives";
import * as tf from "@tensorflow/tfjs";
import { type AllReduceOptions, allReduceGradients } from "./gradients.ts";

type NamedTensor = Awaited<ReturnType<tf.Optimizer["getWeights"]>>[number];

/**
 * An optimizer that all-reduces the gradients over a group, in one flat bucket, before another one applies them: for `model.compile` and
 * `model.fit`, which have no other place for it. All replicas compile the same model with it, start from the same weights
 * (`broadcastParameters`), and fit as many batches; each update is a collective.
 *
 * @param optimizer - Any of `tf.train`, or `GroupedOptimizer` of `@seg/layers`; it is the wrapper's from then on.
 * @param group - With one of size 1 gradients are applied as they are.
 * @param options - How gradients are combined. Default: the mean over the replicas, whose losses are means over their own batches.
 */
export function dataParallelOptimizer(
  optimizer: tf.Optimizer,
  group: Group,
  options: Pick<AllReduceOptions, "reduce"> = {},
): tf.Optimizer {
  return new DataParallelOptimizer(optimizer, group, options);
}

class DataParallelOptimizer extends tf.Optimizer {
  static className = "SegDataParallelOptimizer";
  readonly #own: tf.Optimizer;
  readonly #group: Group;
  readonly #options: Pick<AllReduceOptions, "reduce">;

  constructor(own: tf.Optimizer, group: Group, options: Pick<AllReduceOptions, "reduce">) {
    super();
    this.#own = own;
    this.#group = group;
    this.#options = options;
  }

  override computeGradients(f: () => tf.Scalar, varList?: tf.Variable[]) {
    return this.#own.computeGradients(f, varList);
  }

  applyGradients(gradients: tf.NamedTensorMap | NamedTensor[]): void {
    if (this.#group.size === 1) {
      this.#own.applyGradients(gradients);
      return;
    }
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    // Variables that the loss does not depend on have none, on all replicas alike.
    const given = named.filter(({ tensor }) => tensor != null);
    const combined = allReduceGradients(
      given.map(({ tensor }) => tensor),
      this.#group,
      this.#options,
    );
    try {
      const next = new Map(given.map(({ name }, i) => [name, combined[i]!]));
      this.#own.applyGradients(named.map(({ name, tensor }) => ({ name, tensor: next.get(name) ?? tensor })));
    } finally {
      tf.dispose(combined);
    }
  }

  override get iterations(): number {
    return this.#own.iterations;
  }

  override getWeights(): Promise<NamedTensor[]> {
    return this.#own.getWeights();
  }

  override setWeights(weights: NamedTensor[]): Promise<void> {
    return this.#own.setWeights(weights);
  }

  /** As the optimizer inside it is written down, so that a saved model does without a group. */
  override getClassName(): string {
    return this.#own.getClassName();
  }

  getConfig(): tf.serialization.ConfigDict {
    return this.#own.getConfig();
  }

  override dispose(): void {
    this.#own.dispose();
  }
}

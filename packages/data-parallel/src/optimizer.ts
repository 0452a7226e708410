import type { Group } from "@seg/collectives";
import * as tf from "@tensorflow/tfjs";
import { DataParallelError } from "./errors.ts";
import { type AllReduceOptions, allReduceGradients, checkReduce } from "./gradients.ts";

type NamedTensor = Awaited<ReturnType<tf.Optimizer["getWeights"]>>[number];

/**
 * An optimizer that all-reduces the gradients over a group, in one flat bucket, before another one applies them: for `model.compile` and
 * `model.fit`, which have no other place for it. All replicas compile the same model with it, start from the same weights
 * (`broadcastParameters`), and fit as many batches; each update is a collective.
 *
 * @param optimizer - Any of `tf.train`, or `GroupedOptimizer` of `@seg/layers`; it is the wrapper's from then on.
 * @param group - With one of size 1 gradients are applied as they are.
 * @throws {DataParallelError} `option` for an option that there is not; on update, if replicas list other gradients.
 * @param options - How gradients are combined. Default: the mean over the replicas, whose losses are means over their own batches.
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { createThreadGroup, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 * import { dataParallelOptimizer } from "@seg/data-parallel";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // This module runs in two threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 2 }) : workerData;
 * if (isMainThread) new Worker(new URL(import.meta.url), { workerData: handle });
 * const group = joinThreadGroup(handle, isMainThread ? 0 : 1);
 * const w = tf.variable(tf.scalar(1));
 * // The gradients are 2 and 4, their mean is 3: 1 − 0.1·3.
 * dataParallelOptimizer(tf.train.sgd(0.1), group).minimize(() => w.mul(group.rank === 0 ? 2 : 4) as tf.Scalar);
 * console.log(w.dataSync()[0]?.toFixed(3)); // 0.700
 * group.dispose();
 * ```
 */
export function dataParallelOptimizer(
  optimizer: tf.Optimizer,
  group: Group,
  options: Pick<AllReduceOptions, "reduce"> = {},
): tf.Optimizer {
  checkReduce(options, ["reduce"], "an option of dataParallelOptimizer");
  return new DataParallelOptimizer(optimizer, group, options);
}

/** A number below 2¹², so that float32 sums it exactly, that tells lists of gradients apart by their shapes and names, less the numbers that TF.js puts into these. */
function markOf(gradients: readonly NamedTensor[]): number {
  const text = gradients.map(({ name, tensor }) => `${name.replace(/\d+/g, "")} ${tensor.shape}`).join("\n");
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
  return hash % 4093;
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
    // Equal marks sum to a multiple of the own one; others list other gradients.
    const mark = markOf(given);
    const marker = tf.scalar(mark);
    const [others, ...combined] = allReduceGradients(
      [marker, ...given.map(({ tensor }) => tensor)],
      this.#group,
      this.#options,
    );
    const { size } = this.#group;
    const sum = others!.dataSync()[0]! * (this.#options.reduce === "sum" ? 1 : size);
    tf.dispose([marker, others!]);
    try {
      if (Math.abs(sum - mark * size) > 0.5) {
        throw new DataParallelError("option", {
          expected: "the same gradients in the same order on all replicas",
          but: "one lists others",
          hint: "build the same model on each, and let the loss depend on the same variables",
        });
      }
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
